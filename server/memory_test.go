package main

import (
	"testing"
	"testing/fstest"
)

// The tightest limit counts, of whichever version, of the group itself or of one around it; what the kernel can take back does not.
func TestControlGroup(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	two := "0::/system.slice/lab.service\n"
	for name, test := range map[string]struct {
		files     fstest.MapFS
		max, used uint64 // 0: there is none
	}{
		"none":     {fstest.MapFS{}, 0, 0},
		"no limit": {fstest.MapFS{"proc/self/cgroup": file(two), "sys/fs/cgroup/system.slice/lab.service/memory.max": file("max\n")}, 0, 0},
		"version 2": {fstest.MapFS{
			"proc/self/cgroup": file(two),
			"sys/fs/cgroup/system.slice/lab.service/memory.max":     file("134217728\n"),
			"sys/fs/cgroup/system.slice/lab.service/memory.current": file("100000000\n"),
			"sys/fs/cgroup/system.slice/lab.service/memory.stat":    file("anon 1\nfile 2\ninactive_file 30000000\nactive_file 4\n"),
		}, 134217728, 70000000},
		"one around it": {fstest.MapFS{
			"proc/self/cgroup": file(two),
			"sys/fs/cgroup/system.slice/lab.service/memory.max": file("134217728\n"),
			"sys/fs/cgroup/system.slice/memory.max":             file("67108864\n"),
			"sys/fs/cgroup/system.slice/memory.current":         file("5\n"),
			"sys/fs/cgroup/system.slice/memory.stat":            file("inactive_file 7\n"),
		}, 67108864, 5},
		"in a container, version 2": {fstest.MapFS{
			"proc/self/cgroup":             file("0::/../../docker/abc\n"),
			"sys/fs/cgroup/memory.max":     file("134217728\n"),
			"sys/fs/cgroup/memory.current": file("9\n"),
			"sys/fs/cgroup/memory.stat":    file("\n"),
		}, 134217728, 9},
		"version 1": {fstest.MapFS{
			"proc/self/cgroup":                           file("9:cpu:/\n4:memory:/docker/abc\n0::/\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes": file("134217728\n"), // a container's view
			"sys/fs/cgroup/memory/memory.usage_in_bytes": file("90\n"),
			"sys/fs/cgroup/memory/memory.stat":           file("inactive_file 1\ntotal_inactive_file 40\n"),
		}, 134217728, 50},
		"version 1 without a limit": {fstest.MapFS{
			"proc/self/cgroup": file("4:memory:/\n"), "sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n"),
		}, 0, 0},
	} {
		g := findControlGroup(test.files)
		if test.max == 0 {
			if g != nil {
				t.Errorf("%s: %+v", name, g)
			}
			continue
		}
		if g == nil || g.max != test.max {
			t.Errorf("%s: %+v", name, g)
			continue
		}
		if used, err := g.used(); err != nil || used != test.used {
			t.Errorf("%s: %d are used, %v", name, used, err)
		}
	}
}
