package explore

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// knownImports are the packages of which the code may use what it likes, or, if they are
// in knownNames, what is there: nothing in it waits, or is shared by goroutines.
var knownImports = []string{
	"cmp", "context", "errors", "fmt", "iter", "maps", "math", "math/bits", "reflect", "runtime", "slices", "strconv", "strings", "time", "unsafe",
	module + "/notify",
}

// redirected are the packages in whose place others come, that know what is used of them.
var redirected = map[string]string{
	atomicPath:    schedPath + "/atomic",
	"sync/atomic": schedPath + "/atomic",
	"sync":        schedPath + "/sync",
}

// knownNames is what may be used of packages of which not everything may be.
var knownNames = map[string][]string{
	"context":     {"Context", "AfterFunc", "Background", "WithValue", "Canceled", "DeadlineExceeded"},
	"iter":        {"Seq", "Seq2"},
	"maps":        {"All", "Clone", "Collect"}, // What they make is a map again, in no order.
	"reflect":     {"DeepEqual"},
	"runtime":     {"GOMAXPROCS"},
	"sync":        {"Mutex"},
	"time":        {"Time", "Duration"},
	"unsafe":      {"Pointer"}, // For the atomic type, which has the steps.
	atomicPath:    append(slices.Clone(atomics), "UnsafePointer"),
	"sync/atomic": atomics,
}

// atomics are types. The functions of package sync/atomic work on plain variables, which others could
// use without a step.
var atomics = []string{"Pointer", "Bool", "Uint32", "Uint64", "Int32", "Int64"}

// known reports whether n is something that needs no rewriting. It is a list of what is known to be
// harmless, rather than of what is not, so that what comes new is noticed.
func known(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.File, *ast.Comment, *ast.CommentGroup, *ast.ImportSpec,
		*ast.GenDecl, *ast.FuncDecl, *ast.TypeSpec, *ast.ValueSpec, *ast.Field, *ast.FieldList,
		*ast.ArrayType, *ast.StructType, *ast.FuncType, *ast.InterfaceType, *ast.MapType, *ast.ChanType,
		*ast.Ident, *ast.BasicLit, *ast.CompositeLit, *ast.FuncLit, *ast.KeyValueExpr, *ast.Ellipsis,
		*ast.ParenExpr, *ast.IndexExpr, *ast.IndexListExpr, *ast.SliceExpr, *ast.StarExpr,
		*ast.BinaryExpr, *ast.TypeAssertExpr,
		*ast.BlockStmt, *ast.ExprStmt, *ast.AssignStmt, *ast.IncDecStmt, *ast.DeclStmt, *ast.EmptyStmt,
		*ast.ReturnStmt, *ast.DeferStmt, *ast.IfStmt, *ast.LabeledStmt,
		*ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.CaseClause, *ast.CommClause:
		return true
	case *ast.BranchStmt:
		return n.Tok != token.GOTO
	}
	return false
}

func (r *rewriter) unknown(n ast.Node, what string) {
	r.bad = append(r.bad, fmt.Sprintf("%s: %s", r.fset.Position(n.Pos()), what))
}

func (r *rewriter) offset(p token.Pos) int { return r.fset.Position(p).Offset }

// text is the original text of n.
func (r *rewriter) text(n ast.Node) string {
	return string(r.src[r.offset(n.Pos()):r.offset(n.End())])
}

func (r *rewriter) insert(at token.Pos, text string)          { r.replace2(at, at, text) }
func (r *rewriter) replace(n ast.Node, text string)           { r.replace2(n.Pos(), n.End(), text) }
func (r *rewriter) replaceAt(at token.Pos, n int, new string) { r.replace2(at, at+token.Pos(n), new) }

func (r *rewriter) replace2(start, end token.Pos, text string) {
	r.edits = append(r.edits, edit{r.offset(start), r.offset(end), text})
}

// keepContext keeps the import of package context used.
func (r *rewriter) keepContext(n ast.Node) {
	end := token.Pos(r.fset.File(n.Pos()).Base() + len(r.src))
	text := "\nvar _ context.Context\n"
	if !slices.ContainsFunc(r.edits, func(e edit) bool { return e.text == text }) {
		r.insert(end, text)
	}
}

// apply returns the new text of the file.
func (r *rewriter) apply() []byte {
	edits := slices.Clone(r.edits)
	slices.SortStableFunc(edits, func(a, b edit) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return a.end - b.end
	})
	// The file is elsewhere, but that is nobody's business.
	out := fmt.Appendf(nil, "/*line %s:1:1*/", r.name)
	at := 0
	for _, e := range edits {
		if e.start < at {
			r.bad = append(r.bad, fmt.Sprintf("%s: two changes of the same text: %q", r.name, e.text))
			return nil
		}
		out = append(out, r.src[at:e.start]...)
		out = append(out, e.text...)
		at = e.end
		if strings.Count(e.text, "\n") != strings.Count(string(r.src[e.start:e.end]), "\n") && e.start < len(r.src) {
			r.bad = append(r.bad, fmt.Sprintf("%s: a change that moves lines: %q", r.name, e.text))
		}
	}
	return append(out, r.src[at:]...)
}
