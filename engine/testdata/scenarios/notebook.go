// Package notebook is the scenarios of the lab notebook, for whoever wants to show them: each rule is reached by one of them.
package notebook

import "embed"

// Files are the scenarios.
//
//go:embed *.lab
var Files embed.FS
