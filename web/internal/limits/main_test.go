package main

import (
	"bytes"
	"os"
	"testing"
)

// TestModuleIsFresh: the browser's limits are those of the parser.
func TestModuleIsFresh(t *testing.T) {
	got, err := os.ReadFile("../../../static/js/limits.js")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, Module()) {
		t.Error("static/js/limits.js is stale: run go generate ./web/internal/limits")
	}
}
