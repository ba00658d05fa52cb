package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"github.com/handshakelab/lab/web/account"
	"github.com/handshakelab/lab/web/store"
)

// setupLink prints a link for an admin who has lost theirs, or for a new password of an account. It works on the store itself,
// so whoever can start it may do anything.
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
	kept, err := openStore(ctx, &cfg, newLog(c.stderr, slog.LevelInfo))
	if err != nil {
		return exitFailed, err
	}
	defer kept.Close()
	accounts := account.New(kept, cfg.basePath)
	var token string
	if name := strings.Join(flags.Args(), " "); name != "" {
		acc, err := accounts.Find(ctx, name)
		if errors.Is(err, store.ErrNotFound) {
			return exitFailed, fmt.Errorf("there is no account %q", name)
		}
		if err != nil {
			return exitFailed, err
		}
		token, err = accounts.Recover(ctx, acc.ID)
		if err != nil {
			return exitFailed, err
		}
	} else if token, err = accounts.Invite(ctx, account.Admin); err != nil {
		return exitFailed, err
	}
	host, port, err := net.SplitHostPort(cfg.addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	fmt.Fprintf(c.stdout, "http://%s%ssetup/%s\n", net.JoinHostPort(host, port), cfg.basePath, token)
	return exitOK, nil
}
