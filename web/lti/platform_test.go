package lti

import (
	"log/slog"
	"testing"
)

// A platform is found by issuer and client, in the configuration or the store, and by its issuer alone when that says enough.
func TestPlatformByNames(t *testing.T) {
	of := func(issuer, client string) Platform {
		address := issuer + "/" + client
		return Platform{Issuer: issuer, ClientID: client, AuthURL: address, TokenURL: address, KeysURL: address}
	}
	const moodle, canvas = "https://moodle.example", "https://canvas.example"
	tool := New(testStore(t), []Platform{of(moodle, "fixed")}, slog.New(slog.DiscardHandler))
	for _, p := range []Platform{of(moodle, "added"), of(canvas, "only")} {
		if err := tool.Put(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	for names, want := range map[[2]string]string{
		{moodle, "fixed"}: moodle + "/fixed",
		{moodle, "added"}: moodle + "/added",
		{moodle, "only"}:  "",
		{moodle, ""}:      "", // which of the two?
		{canvas, "only"}:  canvas + "/only",
		{canvas, ""}:      canvas + "/only",
		{"", ""}:          "",
	} {
		got := ""
		p, err := tool.platform(t.Context(), names[0], names[1])
		if p != nil {
			got = p.AuthURL
		}
		if err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", names, got, err, want)
		}
	}
}
