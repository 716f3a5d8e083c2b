package main

import (
	"fmt"
	"os"
	"time"
)

func init() {
	programs["file-fresh"] = fileFresh
	programs["file-given"] = fileGiven
	programs["file-cache"] = fileCache
}

// Writes a file into the folder that the second word names, and gives its age by the wall clock.
func age(name string) (time.Duration, error) {
	if err := os.Chdir(os.Args[2]); err != nil {
		return 0, err
	}
	if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
		return 0, err
	}
	info, err := os.Stat(name)
	if err != nil {
		return 0, err
	}
	return time.Since(info.ModTime()), nil
}

func fileFresh() error {
	age, err := age("fresh")
	if err == nil && (age < -2*time.Second || age > 5*time.Second) {
		err = fmt.Errorf("a fresh file is %v old", age)
	}
	return err
}

func fileGiven() error {
	if _, err := age("given"); err != nil {
		return err
	}
	now := wall()
	for _, moment := range []time.Time{now, now.Add(-time.Hour), now.Add(time.Hour), time.Unix(1e9, 0)} {
		if err := os.Chtimes("given", moment, moment); err != nil {
			return err
		}
		info, err := os.Stat("given")
		if err != nil {
			return err
		}
		if off := info.ModTime().Sub(moment).Abs(); off > time.Microsecond {
			return fmt.Errorf("%v instead of %v", info.ModTime(), moment)
		}
	}
	return nil
}

// A file is used until it is too old.
func fileCache() error {
	age, err := age("cache")
	if err != nil {
		return err
	}
	time.Sleep(400 * time.Millisecond)
	info, err := os.Stat("cache")
	if err != nil {
		return err
	}
	later := time.Since(info.ModTime())
	if later < 300*time.Millisecond || later > time.Minute {
		return fmt.Errorf("%v old, then %v", age, later)
	}
	return nil
}
