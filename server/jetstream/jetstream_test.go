package jetstream

import (
	"testing"

	"github.com/handshakelab/lab/web/store/storetest"
)

func TestEmbedded(t *testing.T) {
	s, err := Open(t.Context(), Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	storetest.Run(t, s)
}
