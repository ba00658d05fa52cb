package pages

// keys is what the help says about the keyboard; static/js/sim/keys.js carries it out.
var keys = []struct {
	names   []string
	between string
	does    string
}{
	{[]string{"Space"}, "", "play or pause"},
	{[]string{"←", "→"}, "", "previous or next event"},
	{[]string{"Shift ←", "Shift →"}, "", "10 ms back or on"},
	{[]string{"Home", "End"}, "", "start, or last event so far"},
	{[]string{"↑", "↓"}, "", "previous or next segment"},
	{[]string{"Enter"}, "", "inspect the segment"},
	{[]string{"D"}, "", "drop the segment"},
	{[]string{"L"}, "", "delay it"},
	{[]string{"U"}, "", "duplicate it"},
	{[]string{"H"}, "", "hold it, or let it go"},
	{[]string{"E"}, "", "edit it"},
	{[]string{"Alt ↓"}, "", "in a field of the header: its bits"},
	{[]string{"Alt ↑", "Alt ↓"}, "", "let it arrive before or after its neighbour"},
	{[]string{"N"}, "", "make a new segment"},
	{[]string{"C"}, "", "to the line where you can do anything else"},
	{[]string{"Ctrl Z"}, "", "take back the last action"},
	{[]string{"+", "−"}, "", "larger or smaller diagram"},
	{[]string{"?"}, "", "this help"},
}
