package diag

// A Code is one kind of fault that a package finds in a text. Codes are stable: programs may compare them, messages may change.
type Code struct {
	Name     string
	Severity Severity
	Meaning  string // what is wrong, lower case, no full stop
	Example  string // a text that has this fault, as the package of the code reads it; "" if no text has it by itself
}

// ErrorCode returns the Code of a fault that is an Error.
func ErrorCode(name, meaning, example string) Code { return Code{name, Error, meaning, example} }

// WarningCode returns the Code of a fault that is a Warning.
func WarningCode(name, meaning, example string) Code { return Code{name, Warning, meaning, example} }
