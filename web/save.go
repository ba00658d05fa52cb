package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
)

// A saving is a lesson that is to be written into the folder of lessons.
type saving struct {
	File string `json:"file"`
	Was  string `json:"was"` // what the author last saw there, as versionOf says it; "" for no file
	Text string `json:"text"`
}

var errConflict = &Error{Status: http.StatusConflict, Code: "conflict", Message: "The file is another one than the one that you opened: somebody else has changed it. Download your text, then open the file again."}

// save answers POST api/save: it writes a lesson into the folder, where there is one to write into and the author sits at this machine.
func (s *Site) save(w http.ResponseWriter, r *http.Request) error {
	if !s.saves(r) {
		return errNotFound
	}
	var in saving
	if err := readJSON(r, &in); err != nil {
		return err
	}
	switch {
	case !draftFile.MatchString(in.File) || len(in.File) > 100:
		return errDraftFile
	case len(in.Text) > maxSaved:
		return &Error{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: "The lesson is too large."}
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	now, err := s.onDisk(in.File)
	if err != nil {
		return err
	}
	if versionOf(now) != in.Was {
		return errConflict
	}
	if err := replaceFile(s.cfg.Folder, in.File, in.Text); err != nil {
		return fmt.Errorf("saving %s: %w", in.File, err)
	}
	writeJSON(w, http.StatusOK, map[string]string{"was": versionOf([]byte(in.Text))})
	return nil
}

// maxSaved is the largest lesson that is written: the largest that is read.
const maxSaved = 1 << 20

// saves reports whether whoever asks may write lessons: from this machine, and by its name. The name of another site that leads here
// is no name of ours.
func (s *Site) saves(r *http.Request) bool {
	if s.cfg.Folder == nil {
		return false
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	ip := net.ParseIP(host)
	return isLocal(r) && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// isLocal reports whether a request comes from this machine.
func isLocal(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}

// onDisk reads a file of the folder. It returns nil when there is none.
func (s *Site) onDisk(name string) ([]byte, error) {
	f, err := s.cfg.Folder.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, errNotFound
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSaved+1))
	if err == nil && text == nil {
		text = []byte{} // there, and empty
	}
	return text, err
}

// versionOf is another text for other contents, and "" for no file.
func versionOf(text []byte) string {
	if text == nil {
		return ""
	}
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:12])
}

// replaceFile writes a file so that everybody who reads it meanwhile gets either the old one or the new one.
func replaceFile(folder *os.Root, name, text string) error {
	temp := "." + name + "." + rand.Text()
	f, err := folder.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = folder.Rename(temp, name)
	}
	if err != nil {
		_ = folder.Remove(temp)
	}
	return err
}
