//! Scenes of the tour and their pages, in order, and the commands that show each scene in earnest.

use super::page::{Page, Shared};
use super::pages;
use crate::messages::Language;

/// Scene of the tour.
pub(crate) struct Scene {
    /// Key of its title, without the prefix `scene.`.
    pub(crate) key: &'static str,
    /// Its pages.
    pub(super) pages: &'static [PagePlan],
    /// Commands that show it in earnest.
    pub(crate) commands: &'static [&'static str],
}

/// Page of the plan: the prefix of the keys of its texts, and how it is made.
pub(super) struct PagePlan {
    pub(super) key: &'static str,
    pub(super) make: fn(&Shared) -> Box<dyn Page>,
}

/// All scenes; the last one is the page of commands.
pub(crate) static SCENES: &[Scene] = &[
    Scene {
        key: "neuron",
        pages: &[
            PagePlan { key: "neuron", make: |_| Box::new(pages::neuron::Neuron::new()) },
            PagePlan { key: "network", make: |_| Box::new(pages::neuron::DeepNetwork::new()) },
        ],
        commands: &["freewheel fit mlp", "freewheel watch classic/cartpole --agent ppo --train 60000"],
    },
    Scene {
        key: "labels",
        pages: &[
            PagePlan { key: "line", make: |_| Box::new(pages::line::Line::new()) },
            PagePlan { key: "digits", make: |_| Box::new(pages::digits::Digits::new()) },
            PagePlan { key: "drawing", make: |shared| Box::new(pages::drawing::Drawing::new(shared)) },
            PagePlan { key: "cat", make: |_| Box::new(pages::drawing::Cat::new()) },
        ],
        commands: &["freewheel fit linear --data women", "freewheel fit forest --show all"],
    },
    Scene {
        key: "no-labels",
        pages: &[
            PagePlan { key: "clusters", make: |_| Box::new(pages::clusters::Clusters::new()) },
            PagePlan { key: "sheet", make: |_| Box::new(pages::latent::Sheet::new()) },
            PagePlan { key: "smile", make: |_| Box::new(pages::latent::Smile::new()) },
        ],
        commands: &["freewheel fit kmeans --show all", "freewheel fit vae --data faces"],
    },
    Scene {
        key: "reward",
        pages: &[
            PagePlan { key: "grid", make: |shared| Box::new(pages::grid::Grid::new(shared.registry)) },
            PagePlan { key: "worlds", make: |_| Box::new(pages::worlds::Worlds::new()) },
        ],
        commands: &[
            "freewheel watch grid/cliff --agent q-learning --train 20000",
            "freewheel run",
            "freewheel run runs/examples/go-self-play.toml",
        ],
    },
    Scene {
        key: "wander",
        pages: &[PagePlan {
            key: "sea",
            make: |shared| Box::new(pages::deep_sea::DeepSea::new(shared.registry)),
        }],
        commands: &["freewheel train grid/deepsea-10 q-learning --steps 100000 --seeds 0..5"],
    },
    Scene {
        key: "people",
        pages: &[PagePlan {
            key: "teacher",
            make: |shared| Box::new(pages::teacher::Teacher::new(shared.registry)),
        }],
        commands: &["freewheel play grid/dyna-maze", "freewheel run runs/examples/warm-start.toml"],
    },
    Scene {
        key: "habit",
        pages: &[PagePlan { key: "habit", make: |_| Box::new(pages::habit::Habit::new()) }],
        commands: &["freewheel run runs/examples/unlearning.toml"],
    },
    Scene {
        key: "costs",
        pages: &[PagePlan { key: "costs", make: |_| Box::new(pages::costs::Costs) }],
        commands: &["freewheel report results/default --to report.html", "freewheel bench grid/cliff"],
    },
    Scene {
        key: "earnest",
        pages: &[PagePlan { key: "earnest", make: |_| Box::new(pages::costs::Commands) }],
        commands: &[],
    },
];

/// All pages with the numbers of their scenes.
pub(super) fn pages() -> impl Iterator<Item = (usize, &'static PagePlan)> {
    SCENES.iter().enumerate().flat_map(|(scene, all)| all.pages.iter().map(move |page| (scene, page)))
}

/// The tour as text, for an output that is no terminal.
pub(crate) fn printed(language: Language) -> String {
    let mut text = format!("{}\n\n", language.text("view.welcome"));
    for (number, scene) in SCENES.iter().enumerate() {
        let title = language.text(&format!("scene.{}", scene.key));
        text += &format!("{}  {title}\n", number + 1);
        for page in scene.pages {
            text += &format!("   - {}\n", language.text(&format!("{}.title", page.key)));
        }
        for command in scene.commands {
            text += &format!("       {command}\n");
        }
    }
    text + &format!("\n{}\n", language.text("view.terminal"))
}
