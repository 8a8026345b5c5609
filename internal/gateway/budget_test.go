package gateway

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestBudgetEndsWhenItIsSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(t.Context(), time.Now().Add(time.Second))
		defer b.end()
		child, cancel := context.WithCancel(b)
		defer cancel()
		if at, ok := b.Deadline(); !ok || time.Until(at) != time.Second {
			t.Errorf("deadline in %v, %v; want 1s", time.Until(at), ok)
		}
		begin := time.Now()
		<-child.Done()
		if took := time.Since(begin); took != time.Second {
			t.Errorf("the budget of 1s ended after %v", took)
		}
		for name, err := range map[string]error{"budget": b.Err(), "child": child.Err()} {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v, want %v", name, err, context.DeadlineExceeded)
			}
		}
	})
}

func TestBudgetIsNeverLongerThanTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		b := newBudget(parent, time.Now().Add(time.Minute))
		defer b.end()
		if at, _ := b.Deadline(); time.Until(at) != time.Second {
			t.Errorf("deadline in %v, want the parent's 1s", time.Until(at))
		}
	})
	parent, hangUp := context.WithCancel(t.Context())
	b := newBudget(parent, time.Now().Add(time.Minute))
	defer b.end()
	hangUp()
	if err := b.Err(); !errors.Is(err, context.Canceled) {
		t.Errorf("the caller hung up: %v, want %v", err, context.Canceled)
	}
}

// What still holds the context of an answered request must not go on with it, timer or not.
func TestBudgetIsOverWithTheAnswer(t *testing.T) {
	for _, waited := range []bool{false, true} {
		b := newBudget(t.Context(), time.Now().Add(time.Minute))
		if waited {
			b.Done()
		}
		child, cancel := context.WithCancel(b)
		b.end()
		if err := b.Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("waited %v: %v, want %v", waited, err, context.Canceled)
		}
		<-child.Done()
		cancel()
	}
}

func TestBudgetCarriesTheValuesOfTheRequest(t *testing.T) {
	req := &request{}
	b := newBudget(context.WithValue(t.Context(), contextKey{}, req), time.Now().Add(time.Minute))
	defer b.end()
	before := requestFrom(b)
	b.Done()
	if before != req || requestFrom(b) != req {
		t.Error("the request is lost on the way")
	}
}
