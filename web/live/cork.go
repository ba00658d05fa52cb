package live

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"time"
)

const (
	writeWait = 10 * time.Second // for each chunk
	chunk     = 64 << 10
)

// A corked is a connection that can hold back what is written to it, so that all frames of an answer leave in one system
// call. It gives each chunk of a long answer a deadline of its own: a slow line is no reason to hang up, a dead one is.
type corked struct {
	net.Conn
	lock chan struct{} // holds one while somebody is writing; a channel, because that can take long
	held bool
	buf  []byte
	err  error
}

func newCorked(conn net.Conn) *corked { return &corked{Conn: conn, lock: make(chan struct{}, 1)} }

func (c *corked) acquire() { c.lock <- struct{}{} }
func (c *corked) free()    { <-c.lock }

// Write writes p, or keeps it until release.
func (c *corked) Write(p []byte) (int, error) {
	c.acquire()
	defer c.free()
	if c.err != nil {
		return 0, c.err
	}
	if !c.held {
		return c.send(p)
	}
	c.buf = append(c.buf, p...)
	if len(c.buf) >= chunk {
		return len(p), c.flush()
	}
	return len(p), nil
}

// SetWriteDeadline does nothing: Write sets its own.
func (c *corked) SetWriteDeadline(time.Time) error { return nil }

// hold keeps back what is written from now on.
func (c *corked) hold() {
	c.acquire()
	c.held = true
	c.free()
}

// release writes what was kept, and keeps nothing from now on.
func (c *corked) release() error {
	c.acquire()
	defer c.free()
	c.held = false
	err := c.flush()
	if cap(c.buf) > 4<<10 {
		c.buf = nil // idle sockets hold no large buffers
	}
	return err
}

func (c *corked) flush() error {
	if c.err != nil || len(c.buf) == 0 {
		return c.err
	}
	_, err := c.send(c.buf)
	c.buf = c.buf[:0]
	return err
}

func (c *corked) send(p []byte) (int, error) {
	sent := 0
	for len(p) > 0 {
		if c.err = c.Conn.SetWriteDeadline(time.Now().Add(writeWait)); c.err != nil {
			return sent, c.err
		}
		n, err := c.Conn.Write(p[:min(len(p), chunk)])
		sent += n
		if err != nil {
			c.err = err
			return sent, err
		}
		p = p[n:]
	}
	return sent, nil
}

// closeWrite tells the peer that nothing more comes, and leaves the other direction open.
func (c *corked) closeWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// A corker is a ResponseWriter whose hijacked connection is a corked.
type corker struct {
	http.ResponseWriter
	conn *corked
}

// Hijack takes over the connection.
func (c *corker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(c.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	c.conn = newCorked(conn)
	return c.conn, rw, nil
}
