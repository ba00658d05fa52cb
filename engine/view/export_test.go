package view

import "strings"

// Relaid takes the fields out of what "ss -tan" printed and lays them out again.
func Relaid(out string) (string, bool) {
	t := ssTable()
	for _, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n")[1:] {
		f := strings.Fields(line)
		if len(f) != 5 {
			return "", false
		}
		local, peer := strings.LastIndexByte(f[3], ':'), strings.LastIndexByte(f[4], ':')
		t.add(f[0], f[1], f[2], f[3][:local], f[3][local+1:], f[4][:peer], f[4][peer+1:], "")
	}
	return t.String(), true
}
