package tcp

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Time is virtual time in microseconds: an instant since the start of the run, or a length of time.
type Time int64

// Units of Time, and the instant that never comes.
const (
	Microsecond Time = 1
	Millisecond      = 1000 * Microsecond
	Second           = 1000 * Millisecond
	Never       Time = math.MaxInt64
)

// String prints t as the scenario language writes it, exactly, in the largest unit that gives the shortest text:
// "50ms", "1.05s", "20us", "0s".
func (t Time) String() string {
	switch {
	case t == Never:
		return "never"
	case t == 0:
		return "0s"
	case t%Second == 0, t >= Second || t <= -Second:
		return decimal(t, Second) + "s"
	case t%Millisecond == 0, t >= Millisecond || t <= -Millisecond:
		return decimal(t, Millisecond) + "ms"
	default:
		return strconv.FormatInt(int64(t), 10) + "us"
	}
}

func decimal(t, unit Time) string {
	sign := ""
	if t < 0 {
		sign, t = "-", -t
	}
	whole := strconv.FormatInt(int64(t/unit), 10)
	rest := t % unit
	if rest == 0 {
		return sign + whole
	}
	width := len(strconv.FormatInt(int64(unit), 10)) - 1
	return sign + whole + "." + strings.TrimRight(fmt.Sprintf("%0*d", width, int64(rest)), "0")
}

// ParseTime reads what String prints: a decimal number and one of us, ms, s, min. It fails on anything else, on more
// than microsecond precision and on more than 24 hours.
func ParseTime(s string) (Time, error) {
	num := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz")
	var unit Time
	switch s[len(num):] {
	case "us":
		unit = Microsecond
	case "ms":
		unit = Millisecond
	case "s":
		unit = Second
	case "min":
		unit = 60 * Second
	default:
		return 0, fmt.Errorf("%q is not a time: write a number and us, ms, s or min", s)
	}
	whole, frac, _ := strings.Cut(num, ".")
	w, err := strconv.ParseUint(whole, 10, 40)
	if err != nil {
		return 0, fmt.Errorf("%q is not a time: write a number and us, ms, s or min", s)
	}
	t := Time(w) * unit
	scale := unit
	for _, r := range frac {
		if r < '0' || r > '9' || scale%10 != 0 {
			return 0, fmt.Errorf("%q is not a time in whole microseconds", s)
		}
		scale /= 10
		t += Time(r-'0') * scale
	}
	if strings.HasSuffix(num, ".") || w > uint64(24*3600*Second/unit) || t > 24*3600*Second {
		return 0, fmt.Errorf("%q is more than 24 hours", s)
	}
	return t, nil
}
