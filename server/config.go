package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/live"
	"github.com/handshakelab/lab/web/lti"
)

// errHelp says that the flags were listed because somebody asked for them.
var errHelp = errors.New("help")

// A config is the settings of the server.
type config struct {
	addr     string
	basePath string
	lessons  string
	origins  string
	frames   string
	dev      bool
	pseudo   bool
	drain    time.Duration
	proxies  string

	oidcIssuer  string
	oidcClient  string
	oidcSecret  string // file
	oidcDomains string
	oidcClaim   string

	ltiPlatforms string // file
	metrics      string
	sessions     int
	logLevel     string
	print        bool

	tlsDomain    string
	tlsEmail     string
	tlsDirectory string
	tlsHTTP      string

	keep      days
	data      string
	natsURL   string
	natsCreds string
	natsCA    string
	replicas  int
}

// elsewhere are the variables that begin with LAB_ and are no settings of the server.
var elsewhere = []string{"LAB_KERNEL_DIR"}

// serverFlags declares the flags of the server. Their values go to cfg.
func serverFlags(cfg *config) *flag.FlagSet {
	fs := flag.NewFlagSet("lab serve", flag.ContinueOnError)
	fs.StringVar(&cfg.addr, "addr", ":8080", "`address` to listen on, host:port; port 0 takes a free one")
	fs.StringVar(&cfg.basePath, "base-path", "/", "`path` under which browsers see the lab; a proxy in front may pass it on or take it off")
	fs.StringVar(&cfg.lessons, "lessons", "", "`folder` of lessons instead of the built-in course; changes are served at once")
	fs.StringVar(&cfg.origins, "origins", "", "other `origins` whose pages may use the runs, divided by commas, such as https://lab.example; also the lab's own one, when a proxy ends TLS and does not send X-Forwarded-Proto")
	fs.StringVar(&cfg.frames, "frame-ancestors", "", "other `sites` whose pages may show a simulator in a frame, divided by commas, such as https://school.example, https://*.school.example, or * for all")
	fs.StringVar(&cfg.proxies, "trusted-proxies", "", "`networks` of the proxies in front, divided by commas, such as 10.0.0.0/8, 127.0.0.1/32: they are believed what X-Forwarded-For says")
	fs.StringVar(&cfg.oidcIssuer, "oidc-issuer", "", "`address` of the OIDC provider by which instructors may sign in, such as https://login.school.example; it leads back to /oidc/callback")
	fs.StringVar(&cfg.oidcClient, "oidc-client-id", "", "`name` of the lab at -oidc-issuer")
	fs.StringVar(&cfg.oidcSecret, "oidc-client-secret-file", "", "`file` with the secret of the lab at -oidc-issuer; without one it is a public client")
	fs.StringVar(&cfg.oidcDomains, "oidc-domains", "", "`domains` of the e-mail addresses of those who may teach, divided by commas")
	fs.StringVar(&cfg.oidcClaim, "oidc-claim", "", "`claim` that those have who may teach, such as groups=teachers; with -oidc-domains both must be so")
	fs.StringVar(&cfg.ltiPlatforms, "lti-platforms", "", "`file` with the learning platforms that may launch the lab by LTI 1.3, as a JSON list of objects with issuer, client_id, deployments, auth_url, token_url, keys_url and frames")
	fs.BoolVar(&cfg.dev, "dev", false, "for those who write lessons: open pages show a change of their lesson at once, and what is wrong with it; in the folder of the source also its static files and lessons, as they are on disk; with -lessons the page author can save into that folder, from this machine")
	fs.BoolVar(&cfg.pseudo, "pseudo-locales", false, "also serve the pages in two languages that nobody speaks, for tests of the layout: ?lang=en-XA is longer and ?lang=ar-XB runs from right to left")
	fs.StringVar(&cfg.data, "data", "data", "`folder` of classes, accounts and progress; none keeps them until the server ends")
	fs.StringVar(&cfg.natsURL, "nats-url", "", "`addresses` of a NATS cluster with JetStream, divided by commas, that keeps everything instead of -data: nats://one:4222,nats://two:4222")
	fs.StringVar(&cfg.natsCreds, "nats-creds", "", "`file` with the credentials for -nats-url")
	fs.StringVar(&cfg.natsCA, "nats-ca", "", "`file` with the certificates that -nats-url is trusted by, instead of those of the system")
	fs.IntVar(&cfg.replicas, "replicas", 0, "`number` of servers of -nats-url that keep each thing: 1, 3 or 5; 0 is 3 with -nats-url, and 1 without")
	fs.StringVar(&cfg.metrics, "metrics", "", "`address` on which Prometheus is answered at /metrics, such as 127.0.0.1:9090; it is not for the public")
	fs.IntVar(&cfg.sessions, "max-sessions", live.DefaultSockets, "`number` of sockets that may be open at once, one for each page with a simulator; with GOMEMLIMIT or the limit of a container nobody new is let in either when memory is short")
	fs.StringVar(&cfg.logLevel, "log", "info", "the least of what is logged: `level` debug (each request too), info, warn or error")
	fs.StringVar(&cfg.tlsDomain, "tls-domain", "", "`names` of this server, divided by commas, for which it gets certificates by ACME, and then speaks TLS at -addr, which is best :443")
	fs.StringVar(&cfg.tlsEmail, "tls-email", "", "`address` to which the authority may write when something is wrong with a certificate")
	fs.StringVar(&cfg.tlsDirectory, "tls-directory", autocert.DefaultACMEDirectory, "`URL` of the ACME directory of the authority")
	fs.StringVar(&cfg.tlsHTTP, "tls-http", ":80", "`address` on which, with -tls-domain, the authority is answered, and browsers are led to HTTPS")
	fs.BoolVar(&cfg.print, "print-config", false, "print the settings as they came out of flags and variables, without secrets, and end")
	fs.Var(&cfg.keep, "keep", "`time` after which a learner who has not come back is forgotten, with all that is kept of them: 400d; 0 is never")
	fs.DurationVar(&cfg.drain, "drain", 0, "`time` between a signal to end and the end, while readyz says no; for load balancers")
	return fs
}

// secrets are the flags whose values nobody else should see. LAB_X_FILE names a file with the value of LAB_X.
var secrets = []string{"nats-url"}

// printConfig prints each setting as a variable.
func printConfig(w io.Writer, fs *flag.FlagSet) error {
	var err error
	fs.VisitAll(func(f *flag.Flag) {
		value := f.Value.String()
		switch {
		case f.Name == "print-config":
			return
		case slices.Contains(secrets, f.Name):
			value = masked(value)
		}
		if _, e := fmt.Fprintf(w, "%s=%s\n", variable(f.Name), value); err == nil {
			err = e
		}
	})
	return err
}

// variable is the name of the environment variable for a flag.
func variable(name string) string {
	return "LAB_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// parse reads flags, and for those that are not given the environment. Variables that begin with LAB_ and mean nothing are an
// error, because a misspelt setting that does nothing is worse. The flags themselves tell which there are.
func (c *console) parse(fs *flag.FlagSet, args []string, strict bool) error {
	fs.SetOutput(io.Discard)
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fs.SetOutput(c.stdout)
		fmt.Fprintf(c.stdout, "%s:\n", fs.Name())
		fs.PrintDefaults()
		return errHelp
	case err != nil:
		return fmt.Errorf("%w; %s -h lists the flags", err, fs.Name())
	}
	given, known := map[string]bool{}, map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	fs.VisitAll(func(f *flag.Flag) {
		key := variable(f.Name)
		known[key] = true
		value, ok := c.env[key]
		if slices.Contains(secrets, f.Name) {
			known[key+"_FILE"] = true
			if name, in := c.env[key+"_FILE"]; in && !given[f.Name] && err == nil {
				if ok {
					err = fmt.Errorf("the variables %s and %s_FILE are both given", key, key)
					return
				}
				b, e := os.ReadFile(name)
				if e != nil {
					err = fmt.Errorf("the variable %s_FILE names %q, which cannot be read: %w", key, name, reason(e))
					return
				}
				value, ok = strings.TrimSpace(string(b)), true
			}
		}
		if !ok || given[f.Name] || err != nil {
			return
		}
		if e := f.Value.Set(value); e != nil {
			err = fmt.Errorf("the variable %s cannot be %q: %w", key, value, e)
		}
	})
	if err != nil || !strict {
		return err
	}
	var unknown []string
	for key := range c.env {
		if strings.HasPrefix(key, "LAB_") && !known[key] && !slices.Contains(elsewhere, key) {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fmt.Errorf("no setting is called %s; lab serve -h lists them", strings.Join(unknown, " or "))
	}
	return nil
}

// check brings the settings into their one form, or says what is wrong with them.
func (cfg *config) check() error {
	base := "/" + strings.Trim(cfg.basePath, "/") + "/"
	if base == "//" {
		base = "/"
	}
	for part := range strings.SplitSeq(strings.Trim(base, "/"), "/") {
		if base != "/" && (part == "" || part == "." || part == ".." || part != url.PathEscape(part)) {
			return fmt.Errorf("the base path cannot be %q: write it like /lab", cfg.basePath)
		}
	}
	cfg.basePath = base
	if cfg.drain < 0 {
		return errors.New("-drain cannot be negative")
	}
	if cfg.sessions < 1 {
		return errors.New("-max-sessions must be at least 1")
	}
	if err := new(slog.Level).UnmarshalText([]byte(cfg.logLevel)); err != nil {
		return fmt.Errorf("-log cannot be %q: it is debug, info, warn or error", cfg.logLevel)
	}
	for _, domain := range list(cfg.tlsDomain) {
		if !domainName.MatchString(domain) {
			return fmt.Errorf("-tls-domain cannot be %q: write it like lab.example", domain)
		}
	}
	if u, err := url.Parse(cfg.tlsDirectory); err != nil || u.Host == "" {
		return fmt.Errorf("-tls-directory cannot be %q: write it like %s", cfg.tlsDirectory, autocert.DefaultACMEDirectory)
	}
	switch {
	case cfg.natsURL == "" && (cfg.natsCreds != "" || cfg.natsCA != ""):
		return errors.New("-nats-creds and -nats-ca are for -nats-url, which is not given")
	case cfg.natsURL == "" && cfg.replicas > 1:
		return errors.New("-replicas is for -nats-url, which is not given")
	case !slices.Contains([]int{0, 1, 3, 5}, cfg.replicas):
		return errors.New("-replicas must be 1, 3 or 5")
	case cfg.replicas == 0 && cfg.natsURL != "":
		cfg.replicas = 3
	}
	for _, origin := range cfg.originList() {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			return fmt.Errorf("%q is not an origin: write it like https://lab.example", origin)
		}
	}
	switch {
	case cfg.oidcIssuer == "" && cmp.Or(cfg.oidcClient, cfg.oidcSecret, cfg.oidcDomains, cfg.oidcClaim) != "":
		return errors.New("the other -oidc flags are for -oidc-issuer, which is not given")
	case cfg.oidcIssuer == "":
	case cfg.oidcClient == "":
		return errors.New("-oidc-issuer wants -oidc-client-id, the name of the lab there")
	case cfg.oidcDomains == "" && cfg.oidcClaim == "":
		return errors.New("-oidc-issuer wants -oidc-domains or -oidc-claim, because not everybody whom it knows may teach")
	case cfg.oidcClaim != "" && !strings.Contains(cfg.oidcClaim, "="):
		return fmt.Errorf("-oidc-claim cannot be %q: write it like groups=teachers", cfg.oidcClaim)
	}
	if _, err := cfg.proxyList(); err != nil {
		return err
	}
	for _, site := range cfg.ancestorList() {
		if !ancestor.MatchString(site) {
			return fmt.Errorf("%q is no site for -frame-ancestors: write it like https://school.example", site)
		}
	}
	return nil
}

// domainName is a name that a certificate can be had for.
var domainName = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)

// level is that of the log.
func (cfg *config) level() (l slog.Level) {
	_ = l.UnmarshalText([]byte(cfg.logLevel)) // check has tried it
	return l
}

// ancestor is a site as a content security policy names it: an origin, whose host may begin with "*.", or all.
var ancestor = regexp.MustCompile(`^(\*|https?://(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?)$`)

func (cfg *config) ancestorList() []string { return list(cfg.frames) }

func (cfg *config) proxyList() (nets []netip.Prefix, err error) {
	for _, text := range list(cfg.proxies) {
		p, err := netip.ParsePrefix(text)
		if ip, e := netip.ParseAddr(text); e == nil {
			p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q is no network for -trusted-proxies: write it like 10.0.0.0/8", text)
		}
		nets = append(nets, p)
	}
	return nets, nil
}

// platforms reads the file of -lti-platforms.
func (cfg *config) platforms() (list []lti.Platform, err error) {
	if cfg.ltiPlatforms == "" {
		return nil, nil
	}
	b, err := os.ReadFile(cfg.ltiPlatforms)
	if err != nil {
		return nil, fmt.Errorf("the file of -lti-platforms cannot be read: %w", reason(err))
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("the file of -lti-platforms cannot be understood: %w", err)
	}
	for i := range list {
		if err := list[i].Check(); err != nil {
			return nil, fmt.Errorf("the file of -lti-platforms: %w", err)
		}
	}
	return list, nil
}

// oidc is what the flags say of the provider; nil for none.
func (cfg *config) oidc() (*account.OIDC, error) {
	if cfg.oidcIssuer == "" {
		return nil, nil
	}
	o := &account.OIDC{Issuer: cfg.oidcIssuer, ClientID: cfg.oidcClient, Domains: list(cfg.oidcDomains), Claim: cfg.oidcClaim}
	if cfg.oidcSecret != "" {
		b, err := os.ReadFile(cfg.oidcSecret)
		if err != nil {
			return nil, fmt.Errorf("the file of -oidc-client-secret-file cannot be read: %w", reason(err))
		}
		if o.Secret = strings.TrimSpace(string(b)); o.Secret == "" {
			return nil, errors.New("the file of -oidc-client-secret-file is empty")
		}
	}
	return o, nil
}

func (cfg *config) originList() []string { return list(cfg.origins) }

// list are the entries of a setting that is divided by commas or blanks.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
