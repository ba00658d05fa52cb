//go:build !unix

package jetstream

func owned(string) error { return nil }
