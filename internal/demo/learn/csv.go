package learn

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// maxCells bounds a file: 2^24 float64 are 128 MiB.
const maxCells = 1 << 24

// A CSVError says where a file is wrong and what to do. Line and Column count
// from 1; 0 stands for the whole file or the whole line.
type CSVError struct {
	Line, Column int
	Reason       string
}

func (e *CSVError) Error() string {
	switch {
	case e.Line == 0:
		return "csv: " + e.Reason
	case e.Column == 0:
		return fmt.Sprintf("csv: line %d: %s", e.Line, e.Reason)
	}
	return fmt.Sprintf("csv: line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

// A record is one line of the file.
type record struct {
	line  int
	cells []string
}

func (r record) features() []string { return r.cells[:len(r.cells)-1] }
func (r record) label() string      { return r.cells[len(r.cells)-1] }

// ReadCSV reads comma-separated features with the label, a number or a text, in
// the last column, under an optional header line. Features are scaled to [0, 1]
// by their least and greatest value in the file; a constant one becomes 0.
// Classes are numbered in the order of the sorted labels.
func ReadCSV(r io.Reader) (*Dataset, error) {
	records, err := readRecords(r, maxCells)
	if err != nil {
		return nil, err
	}
	records = records[headerLines(records):]
	if len(records) == 0 {
		return nil, &CSVError{Reason: "no rows: give lines of numbers with the label last"}
	}
	x, err := parseFeatures(records)
	if err != nil {
		return nil, err
	}
	y, classes, err := parseLabels(records)
	if err != nil {
		return nil, err
	}
	scale(x)
	return &Dataset{X: x, Y: y, Classes: classes}, nil
}

func readRecords(r io.Reader, limit int) ([]record, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = -1 // ragged rows are reported with our own advice
	var records []record
	for cells := 0; ; {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return nil, syntaxError(err)
		}
		if cells += len(fields); cells > limit {
			return nil, &CSVError{Reason: fmt.Sprintf("more than %d cells: sample the rows", limit)}
		}
		for i, f := range fields {
			fields[i] = strings.TrimSpace(strings.TrimPrefix(f, "\ufeff"))
		}
		line, _ := in.FieldPos(0)
		records = append(records, record{line, fields})
	}
}

// syntaxError turns a bad quote into a CSVError; a failed read stays as it is.
func syntaxError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return &CSVError{Line: parse.Line, Reason: parse.Err.Error() + ": remove or double the quotes"}
	}
	return fmt.Errorf("csv: %w", err)
}

// headerLines returns 1 if the first line is a header: it has another number of
// columns than the next (scikit-learn writes counts and class names), names
// instead of features, or the only label that is not a number.
func headerLines(records []record) int {
	if len(records) < 2 {
		return 0
	}
	first, rest := records[0], records[1:]
	if len(first.cells) != len(rest[0].cells) || hasNames(first) ||
		textLabel(first) && !slices.ContainsFunc(rest, textLabel) {
		return 1
	}
	return 0
}

// hasNames reports that no feature is a number and that some are given, which
// a data line with gaps only is not.
func hasNames(r record) bool {
	return !slices.ContainsFunc(r.features(), isNumber) && strings.Join(r.features(), "") != ""
}

func textLabel(r record) bool { return !isNumber(r.label()) }

// isNumber also holds for NaN and infinities, which number refuses: a header
// does not have them, a broken line does.
func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil || errors.Is(err, strconv.ErrRange)
}

// number parses a finite decimal.
func number(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, fmt.Errorf("%.40q is not finite: fill in a value or remove the line", s)
	}
	if err != nil {
		return 0, fmt.Errorf("%.40q is not a number: encode it as one or remove the column", s)
	}
	return v, nil
}

func parseFeatures(records []record) (*mat.Dense, error) {
	columns := len(records[0].cells)
	if columns < 2 {
		return nil, &CSVError{Line: records[0].line, Reason: "one column: separate features and label by commas"}
	}
	x := mat.NewDense(len(records), columns-1, nil)
	for i, rec := range records {
		if len(rec.cells) != columns {
			return nil, &CSVError{rec.line, min(len(rec.cells), columns) + 1, fmt.Sprintf(
				"%d columns, line %d has %d: make all lines alike", len(rec.cells), records[0].line, columns)}
		}
		for j, cell := range rec.features() {
			v, err := number(cell)
			if err != nil {
				return nil, &CSVError{rec.line, j + 1, err.Error()}
			}
			x.Set(i, j, v)
		}
	}
	return x, nil
}

// scale maps each column onto [0, 1]. Halves are subtracted because the
// difference of two finite numbers can be infinite.
func scale(x *mat.Dense) {
	rows, columns := x.Dims()
	for j := range columns {
		column := x.ColView(j)
		low, high := mat.Min(column), mat.Max(column)
		span := high/2 - low/2
		for i := range rows {
			v := 0.0
			if span > 0 {
				v = (x.At(i, j)/2 - low/2) / span
			}
			x.Set(i, j, v)
		}
	}
}
