package integration

import (
	"context"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// A pager is a KV that lets something happen after the first page of a list, and notes what is asked.
type pager struct {
	clientv3.KV
	between func()
	pages   int
	t       *testing.T
}

func (p *pager) Get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	op := clientv3.OpGet(key, opts...)
	if op.IsSerializable() {
		p.t.Error("a serializable read")
	}
	r, err := p.KV.Get(ctx, key, opts...)
	if op.RangeBytes() != nil {
		p.pages++
		if p.between != nil {
			p.between()
			p.between = nil
		}
	}
	return r, err
}

func TestPages(t *testing.T) {
	b := newBench(t)
	fill(t, b.direct, "p/", 100)
	put(t, b.direct, "o", "outside")
	put(t, b.direct, "q", "outside")
	kv := &pager{KV: b.client, t: t}
	kv.between = func() {
		put(t, b.direct, "p/00003", "changed after it was listed")
		put(t, b.direct, "p/00050", "changed before it was listed")
		del(t, b.direct, "p/00004")
		del(t, b.direct, "p/00051")
		put(t, b.direct, "p/00099a", "new")
	}
	r := follow(t, etcd.New(kv, b.client, etcd.PageSize(7)), remote.Prefix("p/"))
	r.until("a whole state", func() bool { return r.fulls > 0 })
	r.agrees(b.direct)
	if kv.pages != 15 || r.count(func() int { return r.fulls }) != 1 {
		t.Errorf("%d pages and %d whole states for 100 keys by 7", kv.pages, r.fulls)
	}
}

func TestCompactionBetweenPages(t *testing.T) {
	b := newBench(t)
	fill(t, b.direct, "p/", 20)
	kv := &pager{KV: b.client, t: t}
	kv.between = func() {
		del(t, b.direct, "p/00000")
		compact(t, b.direct)
	}
	r := follow(t, etcd.New(kv, b.client, etcd.PageSize(7)), remote.Prefix("p/"))
	r.until("a whole state", func() bool { return r.fulls > 0 })
	r.agrees(b.direct)
	if n := r.count(func() int { return r.breaks }); n != 0 {
		t.Errorf("the connection was called broken %d times", n)
	}
}

func TestScopes(t *testing.T) {
	b := newBench(t)
	for _, key := range []string{"a", "a/b", "a0", "b", "\xff", "\xff\xff", "z"} {
		put(t, b.direct, key, "of "+key)
	}
	for _, scope := range []remote.Scope{
		remote.Prefix(""), remote.Prefix("a"), remote.Prefix("a/"), remote.Prefix("\xff"), remote.Prefix("none"),
		remote.Key("a"), remote.Key("\xff"), remote.Key("none"),
	} {
		t.Run(scope.String(), func(t *testing.T) {
			r := follow(t, b.store, scope)
			r.agrees(b.direct)
			if key, ok := scope.One(); ok {
				put(t, b.direct, key, "new")
			} else {
				put(t, b.direct, scope.Prefix()+"new", "new")
				del(t, b.direct, "a/b")
			}
			put(t, b.direct, "c", "elsewhere")
			r.agrees(b.direct)
		})
	}
}
