package etcd

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/remote"
)

const (
	// firstPage is the greatest number of keys in the first page. The sizes of
	// the values are not known yet.
	firstPage = 16
	// pageBytes is the size of a page that the next page should have.
	pageBytes = 512 << 10
	// pageGrowth is the greatest ratio of the numbers of keys in successive
	// pages.
	pageGrowth = 4
)

// A listing is a full state that is being read page by page. All pages have the
// revision of the first page. If the connection is lost, the next session
// continues the listing.
type listing struct {
	at    historyPoint // the revision is 0 until the first page was read
	from  string       // the first key of the next page
	pages []remote.Batch
}

// list reads the full state, or the rest of a state that an earlier session has
// begun. The watch that begins at its revision delivers all later writes.
func (f *follower) list(ctx context.Context) error {
	if err := f.beginList(ctx); err != nil {
		return err
	}
	for {
		r, err := f.page(ctx)
		if err != nil {
			return err
		}
		if err := f.applyPages(f.listing.add(r)); err != nil {
			return err
		}
		if !r.More {
			f.canResume, f.at, f.target = true, f.listing.at, f.listing.at.revision
			f.listing = nil
			return nil
		}
	}
}

// beginList begins a listing, or passes the pages of an earlier session to
// apply again. Their changes are void since that session has failed.
func (f *follower) beginList(ctx context.Context) error {
	if f.listing == nil || f.listing.at.revision == 0 {
		// A short read first checks that a server answers. A page may be large
		// and the connection slow, so its duration proves nothing.
		if _, err := f.read(ctx, f.key, clientv3.WithKeysOnly()); err != nil {
			return err
		}
		f.listing = &listing{from: f.key}
		return nil
	}
	if _, err := f.verify(ctx, f.listing.at); err != nil {
		return err
	}
	return f.applyPages(f.listing.pages...)
}

// applyPages passes pages of the listing to apply. If Broken was reported since
// the last page, it passes all pages so far, because they are void.
func (f *follower) applyPages(pages ...remote.Batch) error {
	if f.broken {
		pages = f.listing.pages
	}
	for _, b := range pages {
		if err := f.apply(b); err != nil {
			return err
		}
	}
	return nil
}

// add adds a page and returns its batch.
func (l *listing) add(r *clientv3.GetResponse) remote.Batch {
	first := l.at.revision == 0
	if first {
		l.at = historyPoint{revision: r.Header.Revision, cluster: r.Header.ClusterId, term: r.Header.RaftTerm}
	}
	b := remote.Batch{
		Full: first, More: r.More, CatchingUp: true,
		Revision: l.at.revision, Changes: make([]remote.Change, 0, len(r.Kvs)),
	}
	for _, kv := range r.Kvs {
		b.Changes = append(b.Changes, change(kv, false))
	}
	l.at.addChanges(b.Changes)
	if r.More {
		l.from = string(r.Kvs[len(r.Kvs)-1].Key) + "\x00"
	}
	l.pages = append(l.pages, b)
	return b
}

// page reads the next page of the listing. A page that fails because of its size
// is read again with half of the keys and twice the time. The third failure in a
// row is returned.
func (f *follower) page(ctx context.Context) (r *clientv3.GetResponse, err error) {
	l := f.listing
	for attempt := range 3 {
		if err == errSilent && attempt > 0 {
			if err := f.reportBroken(ctx, err); err != nil {
				return nil, err
			}
		}
		limit := min(f.pageLimit, f.pageSize)
		r, err = f.get(ctx, f.pagePatience(), l.from, f.withRange(clientv3.WithLimit(limit), clientv3.WithRev(l.at.revision))...)
		switch {
		case err == nil && l.at.revision != 0:
			err = l.at.checkHeader(r.Header)
			fallthrough
		case err == nil:
			f.resizePage(r)
			return r, err
		case err != errSilent && !tooLarge(err):
			return nil, err
		}
		f.pageFailures++
		f.pageLimit = max(1, limit/2)
	}
	return nil, err
}

// pagePatience returns the patience for the next page. It doubles with each
// page that fails, and halves with each page that succeeds.
func (f *follower) pagePatience() int { return 1 << min(f.pageFailures, 20) }

// resizePage sets the limit of the next page from the sizes in r.
func (f *follower) resizePage(r *clientv3.GetResponse) {
	f.pageFailures = max(0, f.pageFailures-1)
	size := 1
	for _, kv := range r.Kvs {
		size += len(kv.Key) + len(kv.Value)
	}
	keys := int64(len(r.Kvs))
	f.pageLimit = max(1, min(keys*pageBytes/int64(size), pageGrowth*max(keys, firstPage/pageGrowth)))
}
