package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"
)

func init() {
	programs["since"] = since
	programs["context"] = deadline
	programs["context-stored"] = storedDeadline
	programs["after-func"] = afterFunc
	programs["ticker"] = ticker
	programs["ticker-wall"] = tickerWall
	programs["connection"] = connection
	programs["cron"] = cron
}

// Both readings have a monotonic part, which counts.
func since() error {
	began := time.Now()
	time.Sleep(300 * time.Millisecond)
	return about("since", time.Since(began), 300*time.Millisecond)
}

func deadline() error {
	began := time.Now()
	ctx, cancel := context.WithDeadline(context.Background(), began.Add(300*time.Millisecond))
	defer cancel()
	<-ctx.Done()
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return about("the deadline", time.Since(began), 300*time.Millisecond)
}

// A deadline that was read from somewhere has no monotonic part. Whoever got the error asks whether it is over.
func storedDeadline() error {
	until := wall().Add(300 * time.Millisecond)
	ctx, cancel := context.WithDeadline(context.Background(), until)
	defer cancel()
	<-ctx.Done()
	return about("after the deadline", time.Since(until), 0)
}

func afterFunc() error {
	began, done := time.Now(), make(chan time.Duration)
	time.AfterFunc(300*time.Millisecond, func() { done <- time.Since(began) })
	stopped := time.AfterFunc(time.Hour, func() { panic("an hour has passed") })
	err := about("the function", <-done, 300*time.Millisecond)
	if !stopped.Stop() {
		return errors.New("the other timer was over")
	}
	return err
}

func ticker() error {
	began, ticks := time.Now(), time.NewTicker(100*time.Millisecond)
	for range 3 {
		<-ticks.C
	}
	return about("three ticks", time.Since(began), 299*time.Millisecond)
}

// The moments that a ticker gives, as they would be written down.
func tickerWall() error {
	ticks := time.NewTicker(100 * time.Millisecond)
	first := (<-ticks.C).UnixMilli()
	<-ticks.C
	last := (<-ticks.C).UnixMilli()
	if last-first < 50 {
		return fmt.Errorf("%d ms between three ticks", last-first)
	}
	return nil
}

func connection() error {
	one, other := net.Pipe()
	defer other.Close()
	began := time.Now()
	if err := one.SetReadDeadline(wall().Add(300 * time.Millisecond)); err != nil {
		return err
	}
	if _, err := one.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("another end: %v", err)
	}
	return about("the deadline", time.Since(began), 300*time.Millisecond)
}

// Runs a job at the beginning of the next tenth of a second, as schedulers do: a job is due once its time has come.
func cron() error {
	var ran atomic.Int32
	next := wall().Truncate(100 * time.Millisecond).Add(100 * time.Millisecond)
	for ran.Load() < 3 {
		time.Sleep(min(time.Until(next), 100*time.Millisecond))
		if now := wall(); now.Before(next) {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		ran.Add(1)
		next = wall().Truncate(100 * time.Millisecond).Add(100 * time.Millisecond)
	}
	return nil
}
