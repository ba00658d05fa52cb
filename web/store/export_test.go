package store

// For tests with other steps.
var (
	UpgradeBy = upgrade
	Step0     = steps[0]
)

type Step = step
