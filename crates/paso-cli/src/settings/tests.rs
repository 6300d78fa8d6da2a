//! Tests of how flags, file and defaults are merged.

use super::*;

fn table(text: &str) -> Table {
    toml::from_str(text).expect(text)
}

/// The arguments with a settings file of this text.
fn with_file(text: &str) -> (tempfile::TempDir, SettingsArgs) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, text).expect("a file");
    (folder, SettingsArgs { config: Some(path), ..SettingsArgs::default() })
}

#[test]
fn without_flags_and_file_the_preset_is_unchanged() {
    let preset = TrainConfig { lr: 0.5, epochs: 7, ..TrainConfig::default() };
    assert_eq!(SettingsArgs::default().merge(preset.clone()).expect("settings"), preset);
}

#[test]
fn a_flag_takes_precedence_over_the_file_and_the_file_over_the_preset() {
    let (_folder, file) =
        with_file("batch = 8\nsize = 48\nclip_norm = 2.0\n[augment]\nzoom = 1.5\n");
    let args = SettingsArgs { size: Some(64), ..file };
    let preset = TrainConfig { batch: 4, weight_decay: 0.25, ..TrainConfig::default() };
    let config = args.merge(preset.clone()).expect("settings");
    assert_eq!((config.batch, config.size, config.weight_decay), (8, 64, 0.25));
    assert_eq!((config.augment.zoom, config.clip_norm), (1.5, Some(2.0)));
    let augment = Augment { zoom: preset.augment.zoom, ..config.augment };
    assert_eq!(augment, preset.augment, "the rest of the table keeps its defaults");
    let plain = SettingsArgs { no_augment: true, ..args }.merge(preset).expect("settings");
    assert_eq!(plain.augment, Augment::none(), "the flag takes precedence over the table");
}

#[test]
fn the_net_follows_from_features_then_flag_then_file_and_squeezenet_has_its_own_size() {
    let (_folder, file) = with_file("net = \"residual\"\n");
    let net = |args: &SettingsArgs| {
        let config = args.merge(TrainConfig::default()).expect("settings");
        (config.net, config.size)
    };
    let usual = TrainConfig::default().size;
    assert_eq!(net(&file), (NetName::Residual, usual));
    let flag = SettingsArgs { net: Some(NetName::Tiny), ..file.clone() };
    assert_eq!(net(&flag), (NetName::Tiny, usual));
    let features = SettingsArgs { features: Some("f.safetensors".into()), ..file };
    assert_eq!(net(&features), (NetName::Squeezenet, 160));
    assert_eq!(net(&SettingsArgs { size: Some(32), ..features }), (NetName::Squeezenet, 32));
    let refused = SettingsArgs { features: Some("f".into()), ..flag };
    let message = refused.merge(TrainConfig::default()).expect_err("another net").to_string();
    assert!(message.contains("squeezenet, not of tiny"), "{message}");
}

#[test]
fn a_resumed_squeezenet_keeps_its_size() {
    let preset = TrainConfig { net: NetName::Squeezenet, size: 64, ..TrainConfig::default() };
    assert_eq!(SettingsArgs::default().merge(preset).expect("settings").size, 64);
}

#[test]
fn a_file_with_a_mistake_is_refused_by_its_name() {
    for text in ["learning = 1\n", "lr = 'fast'\n", "net = 'huge'\n", "batch = -1\n", "[augment\n"]
    {
        let (_folder, args) = with_file(text);
        let error = args.merge(TrainConfig::default()).expect_err(text);
        assert!(format!("{error:#}").contains("settings.toml"), "{text}: {error:#}");
    }
    let args = SettingsArgs { config: Some("missing.toml".into()), ..SettingsArgs::default() };
    let error = args.merge(TrainConfig::default()).expect_err("no file");
    assert!(error.to_string().contains("missing.toml"), "{error:#}");
}

#[test]
fn tables_are_overlaid_entry_by_entry_and_other_values_whole() {
    let below = table("a = 1\nlist = [1, 2]\n[t]\nx = 1\ny = 2\n[t.u]\nz = 3\n");
    let above = table("b = 2\nlist = [3]\n[t]\ny = 4\n[t.u]\nw = 5\n");
    let expected = table("a = 1\nb = 2\nlist = [3]\n[t]\nx = 1\ny = 4\n[t.u]\nz = 3\nw = 5\n");
    assert_eq!(overlay(below.clone(), above), expected);
    assert_eq!(overlay(below.clone(), Table::new()), below);
    assert_eq!(overlay(table("a = 1"), table("[a]\nx = 1")), table("[a]\nx = 1"));
}
