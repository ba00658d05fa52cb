// Package clustertest runs a cluster of NATS servers in this process, for tests.
package clustertest

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Size is how many servers there are.
const Size = 3

// A Cluster is some servers with JetStream that listen on loopback ports. Each write is synced before it is acknowledged.
type Cluster struct {
	t       testing.TB
	folder  string
	ports   [Size]int // for clients
	routes  []*url.URL
	servers [Size]*server.Server
}

// Start starts all servers and waits until they have a leader. They end with the test.
func Start(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{t: t, folder: t.TempDir()}
	for i := range Size {
		c.ports[i] = freePort(t)
		c.routes = append(c.routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", freePort(t))})
	}
	t.Cleanup(func() {
		for i := range Size {
			c.Stop(i)
		}
	})
	for i := range Size {
		c.Start(i)
	}
	c.until("the servers to have a leader", func() bool {
		for i := range Size {
			if c.servers[i].JetStreamIsLeader() {
				return len(c.servers[i].JetStreamClusterPeers()) == Size
			}
		}
		return false
	})
	return c
}

func freePort(t testing.TB) int {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

func (c *Cluster) until(what string, is func() bool) {
	c.t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("waited too long for %s", what)
		}
	}
}

// Start starts a server, on what it has on disk.
func (c *Cluster) Start(i int) {
	c.t.Helper()
	route := c.routes[i]
	port := 0
	if _, err := fmt.Sscanf(route.Port(), "%d", &port); err != nil {
		c.t.Fatal(err)
	}
	ns, err := server.NewServer(&server.Options{
		ServerName: fmt.Sprintf("n%d", i), Host: "127.0.0.1", Port: c.ports[i], NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: filepath.Join(c.folder, fmt.Sprint(i)), SyncAlways: true, JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 1 << 40,
		Cluster: server.ClusterOpts{Name: "lab", Host: "127.0.0.1", Port: port}, Routes: c.routes,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	go ns.Start()
	if !ns.ReadyForConnections(10 * time.Second) {
		c.t.Fatalf("server %d does not start", i)
	}
	c.servers[i] = ns
}

// Stop stops a server, if it runs, as a signal would.
func (c *Cluster) Stop(i int) {
	if ns := c.servers[i]; ns != nil {
		ns.Shutdown()
		ns.WaitForShutdown()
		c.servers[i] = nil
	}
}

// URL has the addresses of all servers.
func (c *Cluster) URL() string {
	var all []string
	for _, port := range c.ports {
		all = append(all, fmt.Sprintf("nats://127.0.0.1:%d", port))
	}
	return strings.Join(all, ",")
}

// Leader returns the server that leads a stream.
func (c *Cluster) Leader(stream string) int {
	c.t.Helper()
	leader := 0
	c.until("a leader of "+stream, func() bool {
		for i, ns := range c.servers {
			if ns != nil && ns.JetStreamIsStreamLeader("$G", stream) {
				leader = i
				return true
			}
		}
		return false
	})
	return leader
}

// Whole waits until a stream is on all servers that run.
func (c *Cluster) Whole(stream string) {
	c.t.Helper()
	c.until(stream+" to be on all servers", func() bool {
		for _, ns := range c.servers {
			if ns != nil && !ns.JetStreamIsStreamCurrent("$G", stream) {
				return false
			}
		}
		return true
	})
}
