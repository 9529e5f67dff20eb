// Package services lists the stages of the pipeline.
package services

import (
	"chorus/pkg/stage"
	"chorus/services/collector"
	"chorus/services/keybroker"
	"chorus/services/robust"
	"chorus/services/unmasker"
	"chorus/services/verifier"
)

// All returns the five stages, in the order of the round.
func All() []stage.Spec {
	return []stage.Spec{keybroker.Spec(), collector.Spec(), verifier.Spec(), robust.Spec(), unmasker.Spec()}
}
