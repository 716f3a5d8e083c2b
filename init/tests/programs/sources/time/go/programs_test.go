package main

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestRound(t *testing.T) {
	last := time.Now().Round(0)
	time.Sleep(1100 * time.Millisecond)
	if passed := time.Now().Round(0).Sub(last); passed < time.Second {
		t.Fatal(passed)
	}
}

func TestStale(t *testing.T) {
	seen := time.Now().UnixMilli()
	time.Sleep(300 * time.Millisecond)
	if idle := time.Now().UnixMilli() - seen; idle < 299 {
		t.Errorf("the session has been idle for %d ms", idle)
	}
}

func TestEventually(t *testing.T) {
	ready := time.Now().Add(200 * time.Millisecond).UnixMilli()
	for began := time.Now(); time.Now().UnixMilli() < ready; time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 2*time.Second && time.Now().UnixMilli() < ready {
			t.Fatal("the condition was never satisfied")
		}
	}
}

// Is ended by the alarm of `-test.timeout`, and fails.
func TestTooLong(t *testing.T) {
	time.Sleep(time.Minute)
}

func TestDeadline(t *testing.T) {
	deadline, ok := t.Deadline()
	if !ok || time.Until(deadline.Round(0)) < 10*time.Second {
		t.Fatal(deadline, ok)
	}
}

// Its clock is its own, whatever the machine's says.
func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		time.Sleep(time.Hour)
		if passed := time.Now().Round(0).Sub(began.Round(0)); passed != time.Hour {
			t.Fatal(passed)
		}
	})
}

func TestParallel(t *testing.T) {
	last := wall()
	for _, name := range []string{"a", "b", "c"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			time.Sleep(50 * time.Millisecond)
			if wall().Before(last) {
				t.Fatal("before the parent")
			}
		})
	}
}
