package jetstream

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minio/highwayhash"
)

// A block is a file of the server with records one behind the other: the length of the record, of which the top bit says something else,
// then a number, a time, the length of the subject, the subject and the rest, and a checksum.
const (
	recordHead  = 4 + 8 + 8 + 2
	recordCheck = 8
	mostToRead  = 64 << 20 // of a stream, in bytes: what the server reads anew when it finds that a file has changed, and more
)

// A streamFolder is where the server keeps a stream.
type streamFolder struct {
	name   string        // below the folder of the store
	blocks []fs.DirEntry // the newest last
}

// streams returns the folders of all streams.
func (l *local) streams() (list []streamFolder, err error) {
	root := os.DirFS(l.folder)
	names, err := fs.Glob(root, "jetstream/*/streams/*/msgs")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		files, err := fs.ReadDir(root, name)
		if err != nil {
			return nil, err
		}
		blocks := slices.DeleteFunc(files, func(f fs.DirEntry) bool { return path.Ext(f.Name()) != ".blk" })
		// They are numbered.
		slices.SortFunc(blocks, func(a, b fs.DirEntry) int {
			return cmp.Or(len(a.Name())-len(b.Name()), strings.Compare(a.Name(), b.Name()))
		})
		list = append(list, streamFolder{name, blocks})
	}
	return list, nil
}

// examine refuses a folder in which the server would lose more than what is damaged: where a record is not what it was, it takes what comes
// behind it for nothing, the whole file for empty perhaps, and writes over it. It does so too at the end of a file whose writing was
// cut short, and there it is right; then the file is cut behind its last whole record.
func (l *local) examine() error {
	streams, err := l.streams()
	if err != nil {
		return err
	}
	for _, stream := range streams {
		read := 0
		for i, block := range slices.Backward(stream.blocks) {
			name := path.Join(stream.name, block.Name())
			b, err := fs.ReadFile(os.DirFS(l.folder), name)
			if err != nil {
				return err
			}
			key := sha256.Sum256([]byte(path.Base(path.Dir(stream.name)) + "-" + strings.TrimSuffix(block.Name(), ".blk")))
			sum, err := highwayhash.New64(key[:])
			if err != nil {
				return err
			}
			switch at, lost := tornAt(b, sum); {
			case lost, at < len(b) && i < len(stream.blocks)-1:
				return fmt.Errorf("the store in %q is damaged: %s at byte %d; restore the folder, or import an export into an empty one", l.folder, name, at)
			case at < len(b):
				// The server would take its own summary for true, and find less than there is.
				err := os.Truncate(filepath.Join(l.folder, filepath.FromSlash(name)), int64(at))
				if e := os.Remove(filepath.Join(l.folder, filepath.FromSlash(stream.name), "index.db")); !errors.Is(e, fs.ErrNotExist) {
					err = errors.Join(err, e)
				}
				if err != nil {
					return fmt.Errorf("the folder %q cannot be written: %w", l.folder, reason(err))
				}
				l.log.Warn("the end of a file of the store cannot be read, as after a power failure; what was acknowledged was whole", "file", name, "at", at, "bytes", len(b)-at)
			}
			if read += len(b); read > mostToRead {
				break
			}
		}
	}
	return nil
}

// tornAt returns where the records of a block end, and whether there are others behind that.
func tornAt(b []byte, sum hash.Hash) (at int, lost bool) {
	for at < len(b) {
		n := recordAt(b[at:], sum)
		if n == 0 {
			break
		}
		at += n
	}
	for from := at + 1; from < len(b); from++ {
		if recordAt(b[from:], sum) > 0 {
			return at, true
		}
	}
	return at, false
}

// recordAt is the length of the record at the beginning of b, or 0 when there is none.
func recordAt(b []byte, sum hash.Hash) int {
	if len(b) < recordHead+recordCheck {
		return 0
	}
	length := binary.LittleEndian.Uint32(b)
	n, headers := int(length&^(1<<31)), length>>31 == 1
	subject := recordHead + int(binary.LittleEndian.Uint16(b[recordHead-2:]))
	value := subject
	if headers {
		value += 4 // the length of the headers, which the sum leaves out
	}
	if n > len(b) || value+recordCheck > n {
		return 0
	}
	if headers {
		end := []byte("\r\n\r\n")
		if i := bytes.Index(b[value:n-recordCheck], end); i < 0 || i+len(end) != int(binary.LittleEndian.Uint32(b[subject:])) {
			return 0
		}
	}
	sum.Reset()
	sum.Write(b[4:20])
	sum.Write(b[recordHead:subject])
	sum.Write(b[value : n-recordCheck])
	if !bytes.Equal(sum.Sum(nil), b[n-recordCheck:n]) {
		return 0
	}
	return n
}
