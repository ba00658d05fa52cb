package main

import (
	"os"
	"strings"
	"testing"
)

func TestTheDeclarationsAreFresh(t *testing.T) {
	src, err := os.ReadFile("../../live/protocol.go")
	if err != nil {
		t.Fatal(err)
	}
	want, err := Generate("protocol.go", src)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../static/js/protocol.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("static/js/protocol.d.ts is stale: run go generate ./web/live")
	}
}

func TestGenerate(t *testing.T) {
	got, err := Generate("x.go", []byte(`package x

// A Colour is one of two.
type Colour string

const (
	Red  Colour = "red" // as blood
	Blue Colour = "blue"
)

type Raw = []byte //ts:type number | null

// A Base is what all have.
type Base struct {
	ID int64 `+"`json:\"id\"`"+`
}

// Paint is sent.
//
// In two paragraphs.
//
//ts:client paint
type Paint struct {
	Base
	Colour Colour         `+"`json:\"colour\"`"+` // which one
	Layers []string       `+"`json:\"layers,omitempty\"`"+`
	Size   [2]uint16      `+"`json:\"size\"`"+`
	Next   *Base          `+"`json:\"next\"`"+`
	Maybe  *bool          `+"`json:\"maybe,omitempty\"`"+`
	Due    Raw            `+"`json:\"due.at\"`"+`
}

type hidden struct{ X chan int }
`))
	if err != nil {
		t.Fatal(err)
	}
	want := `
/** A Colour is one of two. */
export type Colour =
  | "red" // as blood
  | "blue";

/** A Base is what all have. */
export interface Base {
  id: number;
}

/**
 * Paint is sent.
 *
 * In two paragraphs.
 */
export interface Paint {
  type: "paint";
  id: number;
  /** which one */
  colour: Colour;
  layers?: string[];
  size: [number, number];
  next: Base | null;
  maybe?: boolean;
  "due.at": number | null;
}

/** What the browser sends. */
export type ClientFrame = Paint;
`
	if !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant it to contain\n%s", got, want)
	}
}

// What has no counterpart in TypeScript is an error and not a guess.
func TestGenerateRefuses(t *testing.T) {
	for name, decl := range map[string]string{
		"a channel":              "type T struct { X chan int `json:\"x\"` }",
		"a map":                  "type T struct { X map[string]int `json:\"x\"` }",
		"a field without a name": "type T struct { X int }",
		"a hidden field":         "type T struct { X int `json:\"-\"` }",
		"an unknown type":        "type T struct { X Y `json:\"x\"` }",
		"a string without words": "type T string",
		"a number type":          "type T int",
		"a strange embedding":    "type T struct { *U }\ntype U struct{}",
	} {
		if got, err := Generate("x.go", []byte("package x\n"+decl+"\n")); err == nil {
			t.Errorf("%s became\n%s", name, got)
		}
	}
	if _, err := Generate("x.go", []byte("package")); err == nil {
		t.Error("broken Go was taken")
	}
}
