package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

func init() {
	programs["snowflake"] = snowflake
	programs["ulid"] = ulid
	programs["created"] = created
	programs["lease"] = lease
	programs["hold-lease"] = holdLease
	programs["rotation"] = rotation
	programs["poller"] = poller
}

// Numbers of a millisecond and a place in it: when the places are used up, the next millisecond is waited for.
func snowflake() error {
	var last, place, previous int64
	for made := range 200 {
		now := time.Now().UnixMilli()
		if now == last {
			if place++; place == 16 {
				for now <= last {
					time.Sleep(100 * time.Microsecond)
					now = time.Now().UnixMilli()
				}
				place = 0
			}
		} else {
			place = 0
		}
		last = now
		next := now<<4 | place
		if next <= previous {
			return fmt.Errorf("number %d: %d after %d", made, next, previous)
		}
		previous = next
	}
	return nil
}

// Names that sort by when they were made, with a count within the millisecond, by several threads.
func ulid() error {
	var lock sync.Mutex
	var last uint64
	var count uint16
	var previous string
	next := func() string {
		lock.Lock()
		defer lock.Unlock()
		if now := uint64(time.Now().UnixMilli()); now > last {
			last, count = now, 0
		} else {
			count++
		}
		var bytes [10]byte
		binary.BigEndian.PutUint64(bytes[:], last)
		binary.BigEndian.PutUint16(bytes[8:], count)
		return fmt.Sprintf("%x", bytes)
	}
	for range 2000 {
		name := next()
		if name <= previous {
			return fmt.Errorf("%s after %s", name, previous)
		}
		previous = name
	}
	return nil
}

// Records that are told apart, and put into order, by when they were created.
func created() error {
	records := map[int64]string{}
	for _, name := range []string{"a", "b", "c"} {
		records[time.Now().UnixMilli()] = name
		time.Sleep(20 * time.Millisecond)
	}
	if len(records) != 3 {
		return fmt.Errorf("%d of 3 records are left", len(records))
	}
	return nil
}

// A lease in a file: another process holds it for a while and forgets it; it is taken over when it has run out.
func lease() error {
	folder, err := os.MkdirTemp("", "lease")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	name := filepath.Join(folder, "lease")
	command := exec.Command("/proc/self/exe", "hold-lease", name)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %s", err, output)
	}
	began := time.Now()
	for {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		until, _ := strconv.ParseInt(string(text), 10, 64)
		if left := until - time.Now().UnixMilli(); left > 400 {
			return fmt.Errorf("the lease of 400 ms has %d ms left", left)
		} else if left <= 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if passed := time.Since(began); passed > time.Minute {
		return fmt.Errorf("it took %v", passed)
	}
	return nil
}

func holdLease() error {
	return os.WriteFile(os.Args[2], strconv.AppendInt(nil, time.Now().UnixMilli()+400, 10), 0o600)
}

// A log whose name holds the second: after a second and a bit there are two files.
func rotation() error {
	folder, err := os.MkdirTemp("", "rotation")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	for range 12 {
		name := filepath.Join(folder, time.Now().UTC().Format("2006-01-02T15-04-05")+".log")
		file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		fmt.Fprintln(file, "line")
		file.Close()
		time.Sleep(100 * time.Millisecond)
	}
	if names, _ := filepath.Glob(folder + "/*.log"); len(names) < 2 {
		return fmt.Errorf("all lines are in %v", names)
	}
	return nil
}

// Polls three times, each time when the next poll is due by the wall clock.
func poller() error {
	began, due := time.Now(), wall()
	for polls := 0; polls < 3; time.Sleep(10 * time.Millisecond) {
		if now := wall(); !now.Before(due) {
			polls++
			due = now.Add(150 * time.Millisecond)
		}
	}
	return about("three polls", time.Since(began), 290*time.Millisecond)
}
