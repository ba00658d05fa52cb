package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/store"
)

// setupToken makes the secret of a link: for a new password of the account of that name, or with no name for the account of an admin.
func setupToken(ctx context.Context, kept store.Store, name string) (string, error) {
	accounts := account.New(kept, "/") // the path is of cookies, and here are none
	if name == "" {
		return accounts.Invite(ctx, account.Admin)
	}
	acc, err := accounts.Find(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return "", fmt.Errorf("there is no account %q", name)
	}
	if err != nil {
		return "", err
	}
	return accounts.Recover(ctx, acc.ID)
}

// setupLink prints a link for an admin who has lost theirs, or for a new password of an account. It works on the store itself, or asks the
// running lab by a socket in its folder, so whoever can start it may do anything.
func setupLink(ctx context.Context, c *console, args []string) (int, error) {
	var cfg config
	flags := serverFlags(&cfg)
	flags.Init("lab setup-link", flags.ErrorHandling())
	if err := c.parse(flags, args, true); err != nil {
		return exitUsage, err
	}
	if err := cfg.check(); err != nil {
		return exitUsage, err
	}
	name := strings.Join(flags.Args(), " ")
	k, err := findRecords(ctx, c, &cfg, true)
	if err != nil {
		return exitUsage, err
	}
	defer k.close()
	var token string
	if k.client == nil {
		token, err = setupToken(ctx, k.store, name)
	} else {
		var a answer
		a, err = k.answer(ctx, "setup-link?"+url.Values{"name": {name}}.Encode(), nil)
		token = a.Token
	}
	if err != nil {
		return exitFailed, err
	}
	host, port, err := net.SplitHostPort(cfg.addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	fmt.Fprintf(c.stdout, "http://%s%ssetup/%s\n", net.JoinHostPort(host, port), cfg.basePath, token)
	return exitOK, nil
}
