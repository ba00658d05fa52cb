package web

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

// What a lesson's page may weigh on its first visit, compressed. web/browser/e2e/checklist.test.mjs measures the same in a browser.
const (
	maxHTML   = 20 << 10
	maxCSS    = 12 << 10
	maxJS     = 60 << 10
	maxFonts  = 52 << 10
	pageLoads = `<(?:link rel="(?:stylesheet|modulepreload|preload|icon)"|script)[^>]* (?:href|src)="([^"]*)"`
)

func TestWeight(t *testing.T) {
	site := builtinSite(t)
	h := site.Handler()
	loads := regexp.MustCompile(pageLoads)
	gzip := []string{"Accept-Encoding", "gzip"}
	for _, l := range site.Course().Lessons {
		at := "/lessons/" + l.Slug
		weight := map[string]int{".html": ask(h, "GET", at, "", gzip...).Body.Len()}
		seen := map[string]bool{}
		for _, m := range loads.FindAllStringSubmatch(ask(h, "GET", at, "").Body.String(), -1) {
			if seen[m[1]] {
				continue
			}
			seen[m[1]] = true
			w := ask(h, "GET", m[1], "", gzip...)
			if w.Code != 200 {
				t.Errorf("%s: %s is %d", at, m[1], w.Code)
			}
			weight[path.Ext(m[1])] += w.Body.Len()
		}
		t.Logf("%s: %v in %d files", at, weight, len(seen))
		for kind, limit := range map[string]int{".html": maxHTML, ".css": maxCSS, ".js": maxJS, ".woff2": maxFonts} {
			if weight[kind] == 0 || weight[kind] > limit {
				t.Errorf("%s: %d bytes of %s, at most %d", at, weight[kind], strings.TrimPrefix(kind, "."), limit)
			}
		}
	}
}
