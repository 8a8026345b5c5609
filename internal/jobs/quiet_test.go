package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestQuietLogsWhatAnOperatorCanMend(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(quiet{slog.NewTextHandler(&b, nil)})
	log.Info("River started")
	log.Error("starting transaction", "error", fmt.Errorf("begin: %w", context.Canceled))
	log.With("queue", "default").Error("starting transaction: context canceled")
	log.Error("starting transaction", "error", errors.New("disk full"))
	if lines := strings.Count(b.String(), "\n"); lines != 1 || !strings.Contains(b.String(), "disk full") {
		t.Errorf("got %d lines, want the full disk only:\n%s", lines, &b)
	}
}
