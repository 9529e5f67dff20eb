package learn

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadCSV(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		y    []int
	}{
		"plain":               {"1,2,a\n3,4,b\n5,6,a\n7,8,b\n", []int{0, 1, 0, 1}},
		"names":               {"w,h,kind\n1,2,b\n3,4,a\n5,6,a\n7,8,b\n", []int{1, 0, 0, 1}},
		"byte order mark":     {"\ufeff1,2,a\n3,4,b\n5,6,a\n7,8,b\n", []int{0, 1, 0, 1}},
		"spaces, crlf, gap":   {" 1, 2 , x\r\n\r\n3,4,y\r\n5,6,y\r\n7,8,x", []int{0, 1, 1, 0}},
		"sklearn header":      {"4,2,yes,no\n1,2,1\n3,4,0\n5,6,0\n7,8,1\n", []int{1, 0, 0, 1}},
		"numbered columns":    {"0,1,target\n1,2,7\n3,4,5\n5,6,5\n7,8,7\n", []int{1, 0, 0, 1}},
		"numbers in order":    {"1,2,10\n3,4,2\n5,6,2.0\n7,8,1e1\n", []int{1, 0, 0, 1}},
		"negative zero label": {"1,2,-0\n3,4,0\n5,6,1\n7,8,1\n", []int{0, 0, 1, 1}},
		"quotes":              {"\"1\",2,\"a, b\"\n3,4,c\n5,6,c\n7,8,\"a, b\"\n", []int{0, 1, 1, 0}},
	} {
		d, err := ReadCSV(strings.NewReader(c.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := []float64{0, 0, 1.0 / 3, 1.0 / 3, 2.0 / 3, 2.0 / 3, 1, 1}
		if !slices.Equal(d.X.RawMatrix().Data, want) || !slices.Equal(d.Y, c.y) || d.Classes != 2 {
			t.Errorf("%s: %v, %v, %d", name, d.X.RawMatrix().Data, d.Y, d.Classes)
		}
	}
}

func TestReadCSVRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text         string
		line, column int
		remedy       string
	}{
		"empty":       {"", 0, 0, "give lines"},
		"header only": {"a,b\n", 1, 1, "encode it"},
		"two headers": {"a,b,c\n1,2\n", 0, 0, "at least two classes"},
		"one column":  {"1\n2\n", 1, 0, "by commas"},
		"short":       {"1,2,a\n3,4,b\n5,a\n", 3, 3, "alike"},
		"long":        {"1,2,a\n3,4,b\n\n5,6,7,a\n", 4, 4, "alike"},
		"text":        {"1,2,a\n3,4,b\n5,x,a\n7,8,b\n", 3, 2, "encode it"},
		"gap":         {"1,2,a\n3,4,b\n5,,a\n7,8,b\n", 3, 2, "encode it"},
		"first gap":   {",2,a\n3,4,b\n5,6,a\n7,8,b\n", 1, 1, "encode it"},
		"only gaps":   {",,a\n3,4,b\n5,6,a\n7,8,b\n", 1, 1, "encode it"},
		"nan":         {"1,2,a\nNaN,4,b\n", 2, 1, "fill in"},
		"first nan":   {"nan,a\n1,b\n2,a\n3,b\n", 1, 1, "fill in"},
		"inf":         {"1,2,a\n3,-inf,b\n", 2, 2, "fill in"},
		"overflow":    {"1,2,a\n3,1e999,b\n", 2, 2, "fill in"},
		"no label":    {"1,2,a\n3,4,\n", 2, 3, "fill it in"},
		"nan label":   {"1,2,1\n3,4,nan\n", 2, 3, "fill it in"},
		"one class":   {"1,2,a\n3,4,a\n", 0, 0, "at least two classes"},
		"too few":     {"1,2,a\n3,4,b\n5,6,a\n", 0, 0, "add rows"},
		"measured":    {"1,0.1\n2,0.2\n3,0.3\n4,0.4\n", 0, 0, "last column"},
		"quote":       {"1,2,a\n3,\"4,b\n", 2, 0, "quotes"},
		"bare quote":  {"1,2,a\n3,4\",b\n", 2, 0, "quotes"},
	} {
		_, err := ReadCSV(strings.NewReader(c.text))
		var wrong *CSVError
		if !errors.As(err, &wrong) || wrong.Line != c.line || wrong.Column != c.column ||
			!strings.Contains(err.Error(), c.remedy) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRecordLimit(t *testing.T) {
	var wrong *CSVError
	if _, err := readRecords(strings.NewReader("1,a\n2,b\n3,c\n"), 5); !errors.As(err, &wrong) {
		t.Error(err)
	}
	if _, err := readRecords(strings.NewReader("1,a\n2,b\n3,c\n"), 6); err != nil {
		t.Error(err)
	}
}

func TestReadCSVReaderError(t *testing.T) {
	broken := errors.New("disk gone")
	if _, err := ReadCSV(io.MultiReader(strings.NewReader("1,2,a\n"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// TestExtremeRange: differences of the values overflow, scaled ones do not.
func TestExtremeRange(t *testing.T) {
	d, err := ReadCSV(strings.NewReader("-1e308,5e-324,3,a\n1e308,0,3,b\n0,0,3,a\n1e308,0,3,b\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{0, 0, 0, 1, 0, 0, 0.5, 0, 0, 1, 0, 0}
	if !slices.Equal(d.X.RawMatrix().Data, want) {
		t.Errorf("got %v", d.X.RawMatrix().Data)
	}
}

func TestBreastCancerFormat(t *testing.T) {
	f, err := os.Open("testdata/breast_cancer_head.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := ReadCSV(f)
	if err != nil || d.Len() != 60 || d.Features() != 30 || d.Classes != 2 {
		t.Fatalf("%+v, %v", d, err)
	}
	m := NewModel(30, 2)
	if err := m.Apply(m.Update(d, LocalSGD{Epochs: 200, LearningRate: 1})); err != nil {
		t.Fatal(err)
	}
	if got := m.Accuracy(d); got < 0.9 {
		t.Errorf("accuracy %.2f on its own training rows", got)
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("w,h,kind\n1,2,b\n3,4,a\n5,6,a\n7,8,b\n")
	f.Add("4,2,yes,no\n1,2,1\n3,4,0\n5,6,0\n7,8,1\n")
	f.Add("1,\"2\",a\n3,nan,b\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ReadCSV(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, v := range d.X.RawMatrix().Data {
			if !(v >= 0 && v <= 1) {
				t.Fatalf("feature %v", v)
			}
		}
		if d.Classes < 2 || len(d.Y) < 2*d.Classes || slices.Min(d.Y) != 0 || slices.Max(d.Y) != d.Classes-1 {
			t.Fatalf("%d classes, labels %v", d.Classes, d.Y)
		}
	})
}
