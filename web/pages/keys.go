package pages

// keys is what the help says about the keyboard; static/js/sim/keys.js carries it out.
var keys = []struct {
	names []string
	does  string // key in the catalogue
}{
	{[]string{"key.space"}, "key.play"},
	{[]string{"←", "→"}, "key.step"},
	{[]string{"Shift ←", "Shift →"}, "key.shift"},
	{[]string{"key.home"}, "key.ends"},
	{[]string{"↑", "↓"}, "key.segment"},
	{[]string{"key.enter"}, "key.inspect"},
	{[]string{"D"}, "key.d"},
	{[]string{"L"}, "key.l"},
	{[]string{"U"}, "key.u"},
	{[]string{"H"}, "key.h"},
	{[]string{"E"}, "key.e"},
	{[]string{"key.alt-down"}, "key.bits"},
	{[]string{"Alt ↑", "Alt ↓"}, "key.reorder"},
	{[]string{"N"}, "key.n"},
	{[]string{"C"}, "key.c"},
	{[]string{"Ctrl Z"}, "key.undo"},
	{[]string{"+", "−"}, "key.zoom"},
	{[]string{"/"}, "key.search"},
	{[]string{"?"}, "key.help"},
}

// key is the name of a key.
func (p Page) key(name string) string {
	if p.cat().Has(name) {
		return p.t(name)
	}
	return name
}
