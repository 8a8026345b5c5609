package rehearse

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/verdict"
	"zapis/yclients"
)

// Cleaned is what became of an earlier rehearsal.
type Cleaned struct {
	// Found: there was a journal. Deleted are the records that were deleted because of it; none when the booking had
	// never been made, or its record had been cancelled already.
	Found   bool
	Deleted []int64
}

// Clean finds and deletes what an interrupted rehearsal has left behind, and proves it gone. Of the options it needs
// DataDir, Partner and Employee. It is done at once when there is no journal. The error is ErrRunning while a
// rehearsal works, a *problem.Error when the record may still stand.
func Clean(ctx context.Context, o Options) (Cleaned, error) {
	o = o.withDefaults()
	if _, err := os.Stat(filepath.Join(o.DataDir, journalFile)); errors.Is(err, fs.ErrNotExist) {
		return Cleaned{}, nil // also beside a rehearsal that has written nothing yet
	}
	unlock, err := lock(o.DataDir)
	if err != nil {
		return Cleaned{}, err
	}
	defer unlock()
	return clean(ctx, o)
}

// clean is Clean under the lock.
func clean(ctx context.Context, o Options) (Cleaned, error) {
	j, err := Pending(o.DataDir)
	if err != nil {
		return Cleaned{}, problem.Because(problem.FolderUnusable, err).Detailf("%v", err)
	}
	if j == nil {
		return Cleaned{}, nil
	}
	if j.BaseURL != o.Employee.BaseURL() {
		return Cleaned{Found: true}, problem.New(problem.ConfigInvalid).
			Detailf("the test record was made at %s, and YCLIENTS_BASE_URL is now %s: clean up with the former", j.BaseURL, o.Employee.BaseURL())
	}
	deleted, err := j.proveGone(ctx, o)
	if err != nil {
		return Cleaned{Found: true, Deleted: deleted}, err
	}
	return Cleaned{true, deleted}, nil
}

func (r *rehearsal) proveGone(ctx context.Context) (Text, error) {
	_, err := r.journal.proveGone(ctx, r.Options)
	if err != nil {
		return Text{}, &stepError{code: problem.From(err).Code, cause: err,
			found: config.Tf("не доказано, что тестовой записи нет: филиал %d, %s, метка %s", "it is not proven that the test record is gone: branch %d, %s, mark %s", r.Branch, clock(r.first.at), r.journal.Mark),
			next:  config.T("zapis rehearse --clean, или удалите запись с этой меткой в комментарии в журнале YCLIENTS", "zapis rehearse --clean, or delete the record with this mark in its comment in the timetable of YCLIENTS")}
	}
	return Text{}, nil
}

// proveGone deletes every standing record with the mark and ends the journal when there is none left and none can
// appear any more. It bears failures of YCLIENTS for three minutes; then the journal stays for the next start.
func (j *Journal) proveGone(ctx context.Context, o Options) (deleted []int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	empty := 0
	for pause := time.Second; ; pause = min(2*pause, 15*time.Second) {
		late := o.Now().Sub(j.Sent) > o.Quiet
		seen, err := j.marked(ctx, o.Employee)
		gone, left, deleteErr := j.deleteAll(ctx, o, seen)
		deleted = append(deleted, gone...)
		err = errors.Join(err, deleteErr)
		switch {
		case err != nil || left > 0: // what was deleted is looked at once more
			empty = 0
		case len(seen) > 0: // one booking was sent, and its record is seen deleted
			return deleted, j.remove()
		case late:
			if empty++; empty == 2 { // pages move while they are read: once may have missed it
				return deleted, j.remove()
			}
		}
		hopeless := verdict.Refused(err) && !errors.Is(err, yclients.ErrRateLimited)
		if waitErr := waitUnless(ctx, hopeless, pause); waitErr != nil {
			return deleted, verdict.Of(errors.Join(err, waitErr)).Detailf("the test record with the mark %s may still stand in branch %d", j.Mark, j.Branch)
		}
	}
}

var errHopeless = errors.New("refused for good")

// waitUnless waits where trying again may help.
func waitUnless(ctx context.Context, hopeless bool, d time.Duration) error {
	if hopeless {
		return errHopeless
	}
	return wait(ctx, d)
}

// deleteAll deletes every standing record of a list and says how many stood.
func (j *Journal) deleteAll(ctx context.Context, o Options, seen []*yclients.Record) (deleted []int64, stood int, err error) {
	for _, rec := range seen {
		if rec.Deleted {
			continue
		}
		stood++
		if deleteErr := j.delete(ctx, o, rec.ID); deleteErr != nil {
			err = errors.Join(err, deleteErr)
			continue
		}
		deleted = append(deleted, rec.ID)
	}
	return deleted, stood, err
}

// delete deletes as the employee (deleteRecord), and where that is forbidden by the hash (deleteUserRecord).
func (j *Journal) delete(ctx context.Context, o Options, id int64) error {
	_, err := o.Employee.Records.Delete(ctx, j.Branch, id)
	if errors.Is(err, yclients.ErrForbidden) && j.Hash != "" && id == j.Record {
		_, err = o.Partner.UserRecords.Delete(ctx, id, yclients.Secret(j.Hash))
	}
	if errors.Is(err, yclients.ErrNotFound) {
		return nil // gone already, which the next look confirms
	}
	return err
}

// marked lists all records with the mark, deleted ones too, by the day of their creation (listRecords).
func (j *Journal) marked(ctx context.Context, employee *yclients.Client) ([]*yclients.Record, error) {
	var found []*yclients.Record
	opts := &yclients.RecordListOptions{
		// A day around the moment, as the branch's date may differ from ours.
		CStartDate: yclients.DateOf(j.Sent.AddDate(0, 0, -1)), CEndDate: yclients.DateOf(j.Sent.AddDate(0, 0, 1)),
		Count: 200, WithDeleted: true,
	}
	for rec, err := range employee.Records.All(ctx, j.Branch, opts) {
		if err != nil {
			return nil, err
		}
		if rec != nil && j.owns(rec.APIID, rec.Comment) {
			found = append(found, rec)
		}
	}
	return found, nil
}
