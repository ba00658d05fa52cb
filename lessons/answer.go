package lessons

// An answerKey is what stays on the server of a question that the engine answers.
type answerKey struct {
	right         string // as posed.right
	rightFeedback string
	wrong         []wrongAnswer
	other         string
	lang          string
}

type wrongAnswer struct{ value, code, feedback string }

// check compares what a learner says about a field with the right answer and with the wrong ones that the author knows.
func (k *answerKey) check(field, answer string) Verdict {
	v, ok := canonical(field, answer)
	if !ok {
		return unreadable(phrase(k.lang, howToAnswer[field]))
	}
	if v == k.right {
		return Verdict{OK: true, Code: "right", Feedback: k.rightFeedback}
	}
	for _, w := range k.wrong {
		if v == w.value {
			return Verdict{Code: w.code, Feedback: w.feedback}
		}
	}
	return Verdict{Code: "wrong", Feedback: k.other}
}

// unreadable is the verdict on what is no answer at all.
func unreadable(why string) Verdict {
	return Verdict{Code: "unreadable", Feedback: "<p>" + why + "</p>"}
}

var howToAnswer = map[string]string{
	"flags": "Name the control bits, such as SYN-ACK.",
	"time":  "Type a time in milliseconds, such as 1050.",
	"state": "Name a state, such as SYN-SENT.",
	"errno": "Name an error, such as ECONNREFUSED.",
}

func init() {
	for _, field := range askFields {
		if isNumber(field) {
			howToAnswer[field] = typeANumber
		}
	}
}

// What is said when the author says nothing.
const (
	rightText = "The engine comes to the same answer."
	otherText = "Play the run and watch what happens."
	orderText = "Ask of each one what must have happened before it."

	typeANumber = "Type a number, such as 1001."
	wrongUnit   = "The number should be in another unit: "
	noEvidence  = "Nothing that you have looked at shows this."
)
