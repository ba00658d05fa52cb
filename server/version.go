package main

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/handshakelab/lab/engine"
)

// release is set by the linker: -ldflags "-X main.release=1.2.3".
var release string

func version(_ context.Context, c *console, _ []string) (int, error) {
	fmt.Fprintf(c.stdout, "lab %s (engine %s)\n", versionText(), engine.Version)
	return exitOK, nil
}

// versionText is the release, or the commit that the binary was built from.
func versionText() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "development"
}
