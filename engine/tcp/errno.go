package tcp

// Errno is the error that a socket call reports, by its POSIX name.
type Errno uint8

// The errors.
const (
	OK Errno = iota
	ECONNREFUSED
	ECONNRESET
	ETIMEDOUT
	EADDRINUSE
	EISCONN
	ENOTCONN
	EINVAL
	EAGAIN
	EPIPE
	EADDRNOTAVAIL
	EINPROGRESS
	EALREADY
	EOPNOTSUPP
	EDESTADDRREQ
	EBADF
	EHOSTUNREACH
	ENETUNREACH
	ECONNABORTED
	ENOBUFS
	EMFILE
)

var errnoNames = [...]string{"", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EADDRINUSE", "EISCONN", "ENOTCONN", "EINVAL", "EAGAIN", "EPIPE", "EADDRNOTAVAIL", "EINPROGRESS", "EALREADY",
	"EOPNOTSUPP", "EDESTADDRREQ", "EBADF", "EHOSTUNREACH", "ENETUNREACH", "ECONNABORTED", "ENOBUFS", "EMFILE"}

// String returns the name, "" for OK.
func (e Errno) String() string { return errnoNames[e] }

// Error makes an Errno an error.
func (e Errno) Error() string { return errnoNames[e] }

// ParseErrno reads a name such as "ECONNREFUSED".
func ParseErrno(name string) (Errno, bool) {
	for e, n := range errnoNames {
		if n == name && n != "" {
			return Errno(e), true
		}
	}
	return OK, false
}
