"""Critics: estimates of the density ratio of a mixture and its components to the data, cross-fitted and calibrated.

`ratio_estimator` has the contract; `critic` the default, a softmax network over the data and all components; the others
are for tables (`classifier_critic`), small data (`kernel_critic`), components with densities (`binary_critic`,
`exact_critic`).
"""
