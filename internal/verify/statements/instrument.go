package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
)

// A statement is a part of a file that can be removed.
type statement struct {
	pos  token.Position
	text string // its first line
}

func (s statement) String() string {
	return fmt.Sprintf("%s:%d: %s", s.pos.Filename, s.pos.Line, s.text)
}

// variable is the name of the variable that holds the number of the removed
// statement, in the package that is tested.
const variable = "removedStatement"

// An instrumenter inserts conditions into a file.
type instrumenter struct {
	src        []byte
	fset       *token.FileSet
	first      int // the number of the first statement
	statements []statement
	insertions []insertion
	stay       map[ast.Stmt]bool // without it, a function would end without return
}

type insertion struct {
	offset int
	text   string
}

// instrument returns the file with a condition for each statement, and the
// statements. They are numbered from first.
func instrument(name string, src []byte, first int) ([]byte, []statement, error) {
	in := &instrumenter{src: src, fset: token.NewFileSet(), first: first, stay: make(map[ast.Stmt]bool)}
	file, err := parser.ParseFile(in.fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	ast.Inspect(file, in.visit)
	return in.output(), in.statements, nil
}

func (in *instrumenter) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		in.keepEnd(n.Type, n.Body)
	case *ast.FuncLit:
		in.keepEnd(n.Type, n.Body)
	case *ast.BlockStmt:
		in.list(n.List)
	case *ast.CaseClause:
		in.list(n.Body)
	case *ast.CommClause:
		in.list(n.Body)
	case *ast.SwitchStmt:
		if n.Tag == nil {
			in.clauses(n.Body.List)
		}
	case *ast.IfStmt:
		if next, ok := n.Else.(*ast.IfStmt); ok {
			in.condition(next, next.Cond)
		}
	}
	return true
}

// list adds the statements of a list.
func (in *instrumenter) list(list []ast.Stmt) {
	for _, s := range list {
		if removable(s) && !in.stay[s] {
			n := in.add(s)
			in.insert(s.Pos(), fmt.Sprintf("if %s != %d { ", variable, n))
			in.insert(s.End(), " }")
		}
	}
}

// clauses adds the clauses of a switch without a tag.
func (in *instrumenter) clauses(list []ast.Stmt) {
	for _, s := range list {
		if c := s.(*ast.CaseClause); len(c.List) > 0 {
			in.condition(c, c.List...)
		}
	}
}

// condition adds a node that has no effect if its conditions are false.
func (in *instrumenter) condition(node ast.Node, conditions ...ast.Expr) {
	n := in.add(node)
	for _, c := range conditions {
		in.insert(c.Pos(), fmt.Sprintf("%s != %d && (", variable, n))
		in.insert(c.End(), ")")
	}
}

// add adds a node as a statement, and returns its number.
func (in *instrumenter) add(n ast.Node) int {
	pos := in.fset.Position(n.Pos())
	text, _, _ := strings.Cut(string(in.src[pos.Offset:]), "\n")
	in.statements = append(in.statements, statement{pos, text})
	return in.first + len(in.statements) - 1
}

func (in *instrumenter) insert(pos token.Pos, text string) {
	in.insertions = append(in.insertions, insertion{in.fset.Position(pos).Offset, text})
}

// output returns the file with the insertions. Insertions at one place keep
// their order: an outer statement is visited before an inner one, so its
// condition is the outer one, and two closing texts are alike or nested.
func (in *instrumenter) output() []byte {
	slices.SortStableFunc(in.insertions, func(a, b insertion) int { return cmp.Compare(a.offset, b.offset) })
	var out bytes.Buffer
	last := 0
	for _, i := range in.insertions {
		out.Write(in.src[last:i.offset])
		out.WriteString(i.text)
		last = i.offset
	}
	out.Write(in.src[last:])
	return out.Bytes()
}

// removable reports whether s may be run under a condition.
func removable(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.DeclStmt, *ast.LabeledStmt, *ast.EmptyStmt, *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
		return false
	case *ast.AssignStmt:
		return s.Tok != token.DEFINE
	case *ast.BranchStmt:
		return s.Tok != token.FALLTHROUGH && s.Tok != token.GOTO
	}
	return true
}

// keepEnd keeps the statements without which a function with results would not
// end with a return.
func (in *instrumenter) keepEnd(f *ast.FuncType, body *ast.BlockStmt) {
	if f.Results != nil && body != nil {
		in.keepLast(body.List)
	}
}

func (in *instrumenter) keepLast(list []ast.Stmt) {
	if len(list) > 0 {
		in.keep(list[len(list)-1])
	}
}

func (in *instrumenter) keep(s ast.Stmt) {
	in.stay[s] = true
	switch s := s.(type) {
	case *ast.LabeledStmt:
		in.keep(s.Stmt)
	case *ast.BlockStmt:
		in.keepLast(s.List)
	case *ast.IfStmt:
		in.keepLast(s.Body.List)
		if s.Else != nil {
			in.keep(s.Else)
		}
	case *ast.SwitchStmt:
		in.keepClauses(s.Body)
	case *ast.TypeSwitchStmt:
		in.keepClauses(s.Body)
	case *ast.SelectStmt:
		in.keepClauses(s.Body)
	}
}

func (in *instrumenter) keepClauses(body *ast.BlockStmt) {
	for _, s := range body.List {
		switch c := s.(type) {
		case *ast.CaseClause:
			in.keepLast(c.Body)
		case *ast.CommClause:
			in.keepLast(c.Body)
		}
	}
}
