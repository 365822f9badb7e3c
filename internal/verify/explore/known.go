package explore

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// explored has the packages that are rewritten. A package comes after the
// explored packages that it imports. The file testdata/inside/NAME.go is added
// to the package whose path ends in NAME, if there is such a file.
var explored = []string{
	module + "/internal/park",
	module + "/internal/get",
	module + "/internal/capability",
	module,
}

// knownImports are packages of which the code may use everything: nothing in
// them waits, or is shared by goroutines. The explored packages that come
// before the importing package are known too.
var knownImports = []string{
	"cmp", "errors", "fmt", "math", "math/bits", "slices", "strconv", "strings",
}

// redirected are the packages that are replaced by stand-ins, in which each
// operation is a step.
var redirected = map[string]string{
	atomicPath:    schedPath + "/atomic",
	"sync/atomic": schedPath + "/atomic",
	"sync":        schedPath + "/sync",
}

// knownNames has the packages of which the code may use only some names, and
// these names.
var knownNames = map[string][]string{
	"context":     {"Context", "AfterFunc", "Background", "WithValue", "Canceled", "DeadlineExceeded"},
	"iter":        {"Seq", "Seq2"},
	"maps":        {"All", "Clone", "Collect"}, // The code makes a map of the result, so its order does not matter.
	"reflect":     {"DeepEqual"},
	"runtime":     {"GOMAXPROCS"},
	"sync":        {"Mutex"},
	"time":        {"Time", "Duration"},
	"unsafe":      {"Pointer"}, // It is used by the atomic type, which has the steps.
	atomicPath:    append(slices.Clone(atomics), "UnsafePointer"),
	"sync/atomic": atomics,
}

// atomics are types. The functions of package sync/atomic are not known: they
// work on plain variables, which can be used without a step.
var atomics = []string{"Pointer", "Bool", "Uint32", "Uint64", "Int32", "Int64"}

// known reports whether n needs no rewriting. It lists harmless constructs
// instead of harmful ones, so that a construct that is new is refused.
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

// keepContext adds a use of package context, if there is none yet, at the end
// of the file.
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
	// Positions in the new file refer to the original.
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
