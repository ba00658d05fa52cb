//go:build unix

package jetstream

import (
	"fmt"
	"os"
	"syscall"
)

// owned refuses to root a folder that is somebody else's: what root writes there, the lab of that user could not read when it starts again.
func owned(folder string) error {
	st, err := os.Stat(folder)
	if err != nil {
		return fmt.Errorf("the folder %q cannot be read: %w", folder, reason(err))
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 && sys.Uid != 0 {
		return fmt.Errorf("the folder %q belongs to user %d, who could not read what root writes there: be that user, or let their lab run, which then does it", folder, sys.Uid)
	}
	return nil
}
