"""Critics: estimates of the density ratio of a mixture and its components to the data, cross-fitted and calibrated.

`ratio_estimator` has the contract; `sharp_critic` the default, which looks at features; `critic` a softmax network over
the data and all components; the others are for any classifier (`classifier_critic`), small data (`kernel_critic`),
components with densities (`binary_critic`, `exact_critic`).
"""
