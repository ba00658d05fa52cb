package web

import (
	"net/http"
	"path"

	"github.com/go-chi/chi/v5"

	"github.com/handshakelab/lab/lessons"
	"github.com/handshakelab/lab/static"
)

var mediaTypes = map[string]string{
	".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
	".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif",
	".pcap": "application/vnd.tcpdump.pcap", ".pcapng": "application/x-pcapng", ".lab": "text/plain; charset=utf-8", ".pkt": "text/plain; charset=utf-8",
}

// lessonMedia are the files beside lessons, by path: "/media/figures/queues.svg". Of two lessons that show the same one, either has it.
func lessonMedia(p *press, list []*lessons.Lesson) map[string]func() (*static.File, error) {
	media := map[string]func() (*static.File, error){}
	for _, l := range translated(list) {
		for _, m := range l.Media {
			at := mediaPath + m.Name
			media[at] = p.file(at, l.Version, func() (*static.File, error) {
				return static.NewFile(mediaTypes[path.Ext(m.Name)], static.Ask, m.Data), nil
			})
		}
	}
	return media
}

const mediaPath = "/media/"

// media serves the files beside lessons, and beside one that is being written.
func (s *Site) media(w http.ResponseWriter, r *http.Request) error {
	path := mediaPath + chi.URLParam(r, "*")
	get := s.edition.Load().media[path]
	if get == nil {
		get = s.drafts.media(path)
	}
	if get == nil {
		return errNotFound
	}
	file, err := get()
	if err != nil {
		return err
	}
	// An SVG that is opened by itself is a page of this site, and its author need not be ours.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
	file.ServeHTTP(w, r)
	return nil
}

// media is a file beside some lesson that is being written, nil when there is none.
func (d *drafts) media(path string) func() (*static.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.byID {
		if get := one.media[path]; get != nil {
			return get
		}
	}
	return nil
}
