package rehearse

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Journal is what must outlive a crash: how to find the test record again. It lies in the data folder, readable by
// its owner only, from before the booking leaves until the record is proven gone.
type Journal struct {
	// Mark is the api_id of the record, and stands in its comment.
	Mark    string `json:"mark"`
	BaseURL string `json:"base_url"`
	Branch  int64  `json:"branch"`
	// Sent is when the booking was about to leave.
	Sent time.Time `json:"sent"`
	// Record and Hash are known once YCLIENTS has answered. The hash alone opens the record to whoever has it.
	Record int64  `json:"record,omitempty"`
	Hash   string `json:"hash,omitempty"`

	path string
}

const (
	journalFile = "rehearsal.json"
	lockFile    = "rehearsal.lock"
)

// ErrRunning reports that another rehearsal works in the same data folder.
var ErrRunning = errors.New("another rehearsal is running")

// Pending reads the journal that an interrupted rehearsal has left in a data folder; nil when there is none. It asks
// nobody and changes nothing.
func Pending(dataDir string) (*Journal, error) {
	path := filepath.Join(dataDir, journalFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path}
	if err := json.Unmarshal(data, j); err != nil || j.Mark == "" || j.Branch == 0 {
		return nil, fmt.Errorf("%s is not the journal of a rehearsal; look for a record with «%s» in its comment, then remove the file", path, commentBegin)
	}
	return j, nil
}

// save writes the journal as a whole or not at all, and through to the disk.
func (j *Journal) save() (err error) {
	data, err := json.Marshal(j)
	if err != nil {
		return err
	}
	dir := filepath.Dir(j.path)
	tmp, err := os.CreateTemp(dir, ".rehearsal-*.tmp") // 0600 from its first moment
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	if _, err = tmp.Write(data); err != nil {
		return err
	}
	if err = tmp.Sync(); err != nil {
		return err
	}
	if err = tmp.Close(); err != nil {
		return err
	}
	if err = os.Rename(tmp.Name(), j.path); err != nil {
		return err
	}
	if d, openErr := os.Open(dir); openErr == nil { // the rename, too, where the system can
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}

// remove ends the journal: the record is proven gone.
func (j *Journal) remove() error {
	if err := os.Remove(j.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// owns tells whether a record carries the mark.
func (j *Journal) owns(apiID, comment string) bool {
	return apiID == j.Mark || strings.Contains(comment, j.Mark)
}
