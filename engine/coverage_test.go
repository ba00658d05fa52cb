package engine_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestUncovered reads the coverage profile that LAB_COVERAGE names (make go makes one) and fails for each statement that no
// test reaches and that has no reason in testdata/uncovered.txt, and for each reason that is not needed any more.
//
// A line of that file is a file, the first line of the block of statements as it stands there, and the reason, with " | " between.
func TestUncovered(t *testing.T) {
	profile := os.Getenv("LAB_COVERAGE")
	if profile == "" {
		t.Skip("make go runs it")
	}
	b, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	reached := map[string]bool{} // by "file.go:12.3,14.5": each test binary reports all blocks
	for line := range strings.Lines(string(b)) {
		if block, counts, ok := strings.Cut(strings.TrimSpace(line), " "); ok && strings.Contains(block, ",") {
			reached[block] = reached[block] || !strings.HasSuffix(counts, " 0")
		}
	}
	b, err = os.ReadFile("testdata/uncovered.txt")
	if err != nil {
		t.Fatal(err)
	}
	reasons, used := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(b)) {
		switch parts := strings.Split(strings.TrimSpace(line), " | "); {
		case strings.HasPrefix(line, "#"):
		case len(parts) == 3 && parts[2] != "":
			reasons[parts[0]+" | "+parts[1]] = true
		default:
			t.Errorf("testdata/uncovered.txt: %q is not a file, a line of it and a reason", line)
		}
	}
	var missing []string
	for block, ok := range reached {
		if ok {
			continue
		}
		path, place, _ := strings.Cut(strings.TrimPrefix(block, module+"engine/"), ":")
		number, _, _ := strings.Cut(place, ".")
		n, err := strconv.Atoi(number)
		src, failed := os.ReadFile(path)
		if err != nil || failed != nil {
			t.Fatal(block, err, failed)
		}
		key := path + " | " + strings.TrimSpace(strings.Split(string(src), "\n")[n-1])
		if used[key] = true; !reasons[key] {
			missing = append(missing, path+":"+number+": "+key)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("no test reaches these, and they have no reason:\n%s", strings.Join(missing, "\n"))
	}
	for key := range reasons {
		if !used[key] {
			t.Errorf("a test reaches this now, it needs no reason: %s", key)
		}
	}
}
