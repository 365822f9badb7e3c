// Plot draws line charts as SVG files. It reads a JSON array from its standard
// input and writes one file for each drawing in it. Eventbench runs Plot. The
// output is a function of the input.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A drawing is one chart. Its lines are drawn in their order, the first one
// boldly.
type drawing struct {
	File, Title, X, Y string
	// UnitX and UnitY are the units of logarithmic axes. The labels of these
	// axes have SI prefixes.
	UnitX, UnitY string
	LogX, LogY   bool
	Lines        []struct {
		Name   string
		Points [][2]float64
	}
}

func main() {
	out := flag.String("out", ".", "the `directory` to write to")
	flag.Parse()
	var ds []drawing
	err := json.NewDecoder(os.Stdin).Decode(&ds)
	for _, d := range ds {
		if err == nil {
			err = d.save(*out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

// save writes the drawing to its file in a directory.
func (d drawing) save(dir string) error {
	p, err := d.plot()
	if err != nil {
		return fmt.Errorf("%s: %w", d.File, err)
	}
	to, err := p.WriterTo(22*vg.Centimeter, 14*vg.Centimeter, "svg")
	if err != nil {
		return fmt.Errorf("%s: %w", d.File, err)
	}
	var svg bytes.Buffer
	if _, err := to.WriteTo(&svg); err != nil {
		return fmt.Errorf("%s: %w", d.File, err)
	}
	// A reader without this font sees another one.
	text := bytes.ReplaceAll(svg.Bytes(), []byte("Liberation Sans;"), []byte("Liberation Sans, Arial, Helvetica, sans-serif;"))
	return os.WriteFile(filepath.Join(dir, d.File), text, 0o644)
}

func (d drawing) plot() (*plot.Plot, error) {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = d.Title, d.X, d.Y
	p.Title.TextStyle.Font.Size = 14
	p.Title.Padding = vg.Points(8)
	if d.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, ticks(d.UnitX)
	}
	if d.LogY {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, ticks(d.UnitY)
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{225}, color.Gray{240}
	p.Add(grid)
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(8), vg.Points(-4)
	p.Legend.Padding = vg.Points(1)
	// The first line is added last, so that no other line hides it. It is still
	// the first in the legend.
	var first []plot.Plotter
	for i, l := range d.Lines {
		if len(l.Points) == 0 {
			continue
		}
		xys := make(plotter.XYs, len(l.Points))
		for j, xy := range l.Points {
			xys[j] = plotter.XY{X: xy[0], Y: xy[1]}
		}
		line, points, err := plotter.NewLinePoints(xys)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.Name, err)
		}
		style(i, line, points)
		p.Legend.Add(l.Name, line, points)
		if i == 0 {
			first = []plot.Plotter{line, points}
		} else {
			p.Add(line, points)
		}
	}
	p.Add(first...)
	if d.LogX {
		p.X.Max *= 1.15 // Room for half a label.
	}
	return p, nil
}

// ticks is the unit of a logarithmic axis. Its ticks have labels at the powers
// of ten.
type ticks string

func (unit ticks) Ticks(lo, hi float64) (marks []plot.Tick) {
	for _, t := range (plot.LogTicks{Prec: -1}).Ticks(lo, hi) {
		if power := math.Round(math.Log10(t.Value)); t.Label != "" {
			prefix := math.Floor(power / 3)
			t.Label = fmt.Sprintf("%.0f %s%s", math.Pow(10, power-3*prefix), prefixes[int(prefix)], unit)
		}
		marks = append(marks, t)
	}
	return marks
}

var prefixes = map[int]string{-3: "n", -2: "µ", -1: "m", 1: "k", 2: "M"}

// colors are distinct even for color-blind readers.
var colors = []color.RGBA{
	{0xd5, 0x1e, 0x00, 0xff}, {0x00, 0x00, 0x00, 0xff}, {0x88, 0x88, 0x88, 0xff}, {0x00, 0x9e, 0x73, 0xff},
	{0x00, 0x72, 0xb2, 0xff}, {0x56, 0xb4, 0xe9, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
	{0x8c, 0x6d, 0x31, 0xff}, {0x63, 0x79, 0x39, 0xff},
}

var shapes = []draw.GlyphDrawer{
	draw.CircleGlyph{}, draw.SquareGlyph{}, draw.RingGlyph{}, draw.TriangleGlyph{},
	draw.CrossGlyph{}, draw.PlusGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{},
}

func style(i int, line *plotter.Line, points *plotter.Scatter) {
	line.Color, points.Color = colors[i%len(colors)], colors[i%len(colors)]
	line.Width, points.Radius = vg.Points(1.1), vg.Points(2.6)
	points.Shape = shapes[i%len(shapes)]
	if i == 0 {
		line.Width, points.Radius = vg.Points(2.8), vg.Points(4)
	}
}
