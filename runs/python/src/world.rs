//! `World`: a world of the registry with its settings.

use std::sync::Arc;

use freewheel::Registry;
use freewheel::core::{
    ActionSpace, Certainty, DynWorld, ObservationSpace, PolicyClass, SolveQuery, Streams, settings::Field,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::episode::Episode;
use crate::vector_env::VectorEnv;
use crate::{exception, threads};

/// Settings from the text of a JSON object.
pub(crate) fn settings(json: &str) -> PyResult<toml::Table> {
    serde_json::from_str(json).map_err(|e| PyValueError::new_err(format!("settings: {e}")))
}

/// Settings with name, description and default as JSON.
type Fields = Vec<(String, String, String)>;

/// Settings for Python.
pub(crate) fn described(fields: Vec<Field>) -> Fields {
    fields.into_iter().map(|field| (field.name, field.about, field.default.to_string())).collect()
}

/// A world: rules, with a reference score and a baseline score.
#[pyclass(frozen, module = "freewheel._freewheel")]
pub(crate) struct World(pub(crate) Arc<dyn DynWorld>);

#[pymethods]
impl World {
    /// World `id` with settings as the text of a JSON object.
    #[new]
    #[pyo3(signature = (id, settings_json = "{}"))]
    fn new(py: Python<'_>, id: &str, settings_json: &str) -> PyResult<Self> {
        let settings = settings(settings_json)?;
        let build = || Registry::standard().build_world(id, &settings);
        py.detach(|| threads::run(build)).map(World).map_err(exception)
    }

    #[getter]
    fn id(&self) -> String {
        self.0.spec().id.clone()
    }

    #[getter]
    fn version(&self) -> u32 {
        self.0.spec().version
    }

    #[getter]
    fn gamma(&self) -> f64 {
        self.0.spec().gamma
    }

    #[getter]
    fn time_limit(&self) -> Option<u32> {
        self.0.spec().time_limit
    }

    #[getter]
    fn players(&self) -> u8 {
        self.0.spec().players
    }

    #[getter]
    fn masked(&self) -> bool {
        self.0.spec().masked
    }

    /// Whether a lower score is better.
    #[getter]
    fn lower_is_better(&self) -> bool {
        self.0.spec().lower_is_better()
    }

    /// Number of discrete observations; `None` for real numbers.
    #[getter]
    fn num_observations(&self) -> Option<usize> {
        match self.0.spec().observation {
            ObservationSpace::Discrete { n } => Some(n),
            ObservationSpace::Box { .. } => None,
        }
    }

    /// Shape and bounds of observations of real numbers: `(shape, low, high)`.
    #[getter]
    fn observation_bounds(&self) -> Option<(Vec<usize>, Vec<f32>, Vec<f32>)> {
        match &self.0.spec().observation {
            ObservationSpace::Discrete { .. } => None,
            ObservationSpace::Box { shape, low, high } => Some((shape.clone(), low.clone(), high.clone())),
        }
    }

    /// Names of the discrete actions, or of the numbers of a continuous action.
    #[getter]
    fn action_names(&self) -> Vec<String> {
        self.0.spec().actions.names().to_vec()
    }

    /// Bounds of continuous actions: `(low, high)`; `None` for discrete actions.
    #[getter]
    fn action_bounds(&self) -> Option<(Vec<f32>, Vec<f32>)> {
        match &self.0.spec().actions {
            ActionSpace::Discrete { .. } => None,
            ActionSpace::Continuous { low, high, .. } => Some((low.clone(), high.clone())),
        }
    }

    /// Titles of the quantities of an episode beside its return.
    #[getter]
    fn measure_names(&self) -> Vec<String> {
        self.0.spec().measures.iter().map(|measure| measure.name.clone()).collect()
    }

    /// Names of the scripted policies.
    #[getter]
    fn scripts(&self) -> Vec<String> {
        self.0.spec().scripts.clone()
    }

    /// Reference score, the best that can be done: `(value, certainty, bound)`; `bound` is a proved bound or `None`.
    fn reference(&self, py: Python<'_>) -> PyResult<(f64, &'static str, Option<f64>)> {
        let query = SolveQuery::for_spec(self.0.spec());
        let solution = py.detach(|| threads::run(|| self.0.solve(&query))).map_err(exception)?;
        let certainty = match solution.certainty {
            Certainty::Exact => "exact",
            Certainty::Bracket => "bracket",
            Certainty::BestKnown => "best-known",
        };
        Ok((solution.value, certainty, solution.upper))
    }

    /// Score of a policy that has learned nothing: `(value, name of the policy)`.
    fn baseline(&self, py: Python<'_>) -> PyResult<(f64, String)> {
        let query = SolveQuery { policy_class: PolicyClass::Optimal, ..SolveQuery::for_spec(self.0.spec()) };
        let baseline = py.detach(|| threads::run(|| self.0.baseline(&query))).map_err(exception)?;
        Ok((baseline.value, baseline.name))
    }

    /// N environments that are stepped together, with one seed or one for each environment.
    #[pyo3(signature = (num_envs, seeds, next_step = false))]
    fn vector_env(
        &self,
        py: Python<'_>,
        num_envs: usize,
        seeds: Vec<u64>,
        next_step: bool,
    ) -> PyResult<VectorEnv> {
        py.detach(|| threads::run(|| VectorEnv::new(&*self.0, num_envs, &seeds, next_step)))
    }

    /// One environment without automatic reset, with the random stream `index` of the seed.
    #[pyo3(signature = (seed, index = 0))]
    fn episode(&self, py: Python<'_>, seed: u64, index: u64) -> Episode {
        py.detach(|| threads::run(|| Episode::new(&self.0, Streams::new(seed), index)))
    }
}
