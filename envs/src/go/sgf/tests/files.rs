use super::*;

/// Bytes of a game with the name `name` of Black.
fn game(ca: &str, name: &[u8]) -> Vec<u8> {
    let mut bytes = format!("(;GM[1]FF[4]{ca}SZ[19]PB[").into_bytes();
    bytes.extend(name);
    bytes.extend(b"]PW[x];B[pd];W[dp];B[pq];W[dd])");
    bytes
}

/// Name of Black, names of the encodings, and number of moves and warnings.
fn read_bytes(bytes: &[u8]) -> (String, String, usize, usize) {
    let decoded = decode_bytes(bytes);
    let record = read_first(&decoded.text).unwrap();
    let warnings = decoded.warnings.len() + record.warnings.len();
    let [black, white] = &record.players;
    assert!(white.name == "x" || white.name.is_empty(), "{white:?}");
    (black.name.clone(), decoded.encodings.join(" "), record.moves().count(), warnings)
}

/// The bytes are those of Python's codecs.
#[test]
fn text_is_decoded_by_ca() {
    for (label, bytes, name) in [
        ("GBK", &b"\x81\x5c\x81]\x81^"[..], "乗乚乛"),
        ("gb2312", &b"\x81\x5c\x81]\xc6\xd3\xcd\xa2\xbb\xb8\xe9F"[..], "乗乚朴廷桓镕"),
        ("GB18030", &b"\x819\xef1\xb9\xc5\xc1\xa6"[..], "㐂古力"),
        ("Big5", &b"\xb3\x5c\xa5\x5c\xbb\x5c"[..], "許功蓋"),
        ("Shift_JIS", &b"\x83\x5c\x95\x5c\x8f\x5c\x97\x5c"[..], "ソ表十予"),
        ("SJIS", &b"\x88\xea\x97\xcd\x97\xc9"[..], "一力遼"),
        ("EUC-KR", &b"\xc0\xcc\xc3\xa2\xc8\xa3"[..], "이창호"),
        ("CP949", &b"\x8cc\xb9\xe6\xb0\xa2\xc7\xcf"[..], "똠방각하"),
        ("ks_c_5601-1987", &b"\xb9\xda\xc1\xa4\xc8\xaf"[..], "박정환"),
        ("EUC-JP", &b"\xb0\xe6\xbb\xb3\xcd\xb5\xc2\xc0"[..], "井山裕太"),
        ("ISO-2022-JP", &b"\x1b$B0f;3M5B@\x1b(B"[..], "井山裕太"),
        ("windows-1251", &b"\xd8\xe8\xea\xf8\xe8\xed"[..], "Шикшин"),
        ("ISO-8859-1", &b"Jos\xe9"[..], "José"),
        ("UTF-8", &b"\xec\x8b\xa0\xec\xa7\x84\xec\x84\x9c"[..], "신진서"),
        ("utf8", &b"\xe6\x9f\xaf\xe6\xb4\x81"[..], "柯洁"),
    ] {
        let (read, _, moves, warnings) = read_bytes(&game(&format!("CA[{label}]"), bytes));
        assert_eq!((read.as_str(), moves, warnings), (name, 4, 0), "{label}");
    }
}

#[test]
fn text_without_ca_is_detected() {
    for (encoding, bytes, name) in [
        ("GBK", &b"\xb9\xc5\xc1\xa6"[..], "古力"),
        ("GBK", &b"\xc0\xee\xb2\xfd\xb8\xe4"[..], "李昌镐"),
        ("GBK", &b"\xc4\xf4\xce\xc0\xc6\xbd"[..], "聂卫平"),
        ("GBK", &b"\x81\x5c\xc9\xea\xd5\xe6\xd7\xa0"[..], "乗申真谞"),
        ("Big5", &b"\xa9P\xabT\xbe\xb1"[..], "周俊勳"),
        ("Big5", &b"\xaaL\xae\xfc\xaep"[..], "林海峰"),
        ("Shift_JIS", &b"\x88\xe4\x8eR\x97T\x91\xbe"[..], "井山裕太"),
        ("Shift_JIS", &b"\x88\xea\x97\xcd\x97\xc9"[..], "一力遼"),
        ("Shift_JIS", &b"\x83\x5c\x83m\x83_"[..], "ソノダ"),
        ("EUC-KR", &b"\xc0\xcc\xc3\xa2\xc8\xa3"[..], "이창호"),
        ("EUC-KR", &b"\xbd\xc5\xc1\xf8\xbc\xad"[..], "신진서"),
        ("GBK", &b"\xb0\xd7"[..], "白"),
        ("windows-1252", &b"Jos\xe9"[..], "José"),
        ("UTF-8", &b"\xe6\x9f\xaf\xe6\xb4\x81"[..], "柯洁"),
    ] {
        let (read, found, moves, warnings) = read_bytes(&game("", bytes));
        assert_eq!((read.as_str(), found.as_str(), moves, warnings), (name, encoding, 4, 0));
    }
}

#[test]
fn a_wrong_ca_is_not_followed() {
    for (label, bytes, name) in [
        ("UTF-8", &b"\xc4\xf4\xce\xc0\xc6\xbd\xc2\xed\xcf\xfe\xb4\xba"[..], "聂卫平马晓春"),
        ("GBK", &b"\xe8\x81\x82\xe5\x8d\xab\xe5\xb9\xb3"[..], "聂卫平"),
        ("ISO-8859-1", &b"Jos\xc3\xa9"[..], "José"),
        ("Big5", &b"\xec\x8b\xa0\xec\xa7\x84\xec\x84\x9c"[..], "신진서"),
        ("UTF-8", &b"\x88\xe4\x8eR\x97T\x91\xbe\x83\x5c"[..], "井山裕太ソ"),
        ("UTF-8", &b"Jos\xe9"[..], "José"),
        ("klingon", &b"\xc4\xf4\xce\xc0\xc6\xbd\xc2\xed\xcf\xfe\xb4\xba"[..], "聂卫平马晓春"),
        ("UTF-16", &b"\xe6\x9f\xaf\xe6\xb4\x81"[..], "柯洁"),
        ("Shift_JIS", &b"\xc0\xcc\xc3\xa2\xc8\xa3\xc1\xb6\xc8\xc6\xc7\xf6"[..], "이창호조훈현"),
    ] {
        let (read, _, moves, warnings) = read_bytes(&game(&format!("CA[{label}]"), bytes));
        assert_eq!((read.as_str(), moves, warnings), (name, 4, 1), "{label}");
    }
    let decoded = decode_bytes("(;CA[\u{1b}x]PB[柯])".as_bytes());
    assert_eq!((decoded.encodings[0], decoded.text.contains('柯')), ("UTF-8", true));
    let decoded = decode_bytes(&game("CA[UTF-8]", b"\xe6\x9f\xaf\xe6\xb4\x81\xe6\x9f\xaf\xe6\xb4\x81\xff"));
    assert_eq!(decoded.encodings, ["UTF-8"]);
    assert_eq!(
        decoded.warnings[0].to_string(),
        "line 1, column 35: bytes here are no characters of UTF-8; they are read as U+FFFD"
    );
}

#[test]
fn utf_16_is_read_with_and_without_a_byte_order_mark() {
    let text = "(;GM[1]SZ[19]PB[柯洁];B[pd];W[dp];B[pq];W[dd])";
    let bytes = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let (little, big) = (bytes(u16::to_le_bytes), bytes(u16::to_be_bytes));
    for (mark, bytes, encoding) in [
        (&b"\xff\xfe"[..], &little, "UTF-16LE"),
        (b"\xfe\xff", &big, "UTF-16BE"),
        (b"", &little, "UTF-16LE"),
        (b"", &big, "UTF-16BE"),
    ] {
        let read = read_bytes(&[mark, bytes].concat());
        assert_eq!(read, ("柯洁".to_owned(), encoding.to_owned(), 4, 0));
    }
    assert_eq!(read_bytes(b"\xef\xbb\xbf(;CA[GBK]PB[\xe6\x9f\xaf])").0, "柯");
    assert_eq!(decode(b"\xef\xbb\xbf(;PB[\xc3\xa9])\0\x1a\0"), "(;PB[é])");
}

#[test]
fn games_of_a_collection_have_their_own_encodings() {
    let bytes = [
        game("CA[GBK]", b"\x81\x5c"),
        game("CA[gb2312]", b"\x81\x5d"),
        game("CA[Big5]", b"\xa5\x5c"),
        game("CA[UTF-8]", "신진서".as_bytes()),
    ]
    .concat();
    let decoded = decode_bytes(&bytes);
    assert_eq!((decoded.encodings.join(" "), decoded.warnings), ("GBK Big5 UTF-8".to_owned(), vec![]));
    let names: Vec<String> =
        read(&decoded.text).unwrap().into_iter().map(|game| game.players[0].name.clone()).collect();
    assert_eq!(names, ["乗", "乚", "功", "신진서"]);
}

/// Files of servers and associations, shortened; the right values are known beforehand.
#[test]
fn records_as_people_have_them_are_read() {
    let file = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/go/sgf/testdata");
        let record = read_first_file(&folder.join(name)).unwrap();
        let moves = record.moves().count();
        (record, moves)
    };
    let (record, moves) = file("chinese_ha1_scores_80_should_be_81.sgf");
    assert_eq!((record.replay(record.ruleset()).unwrap().score(), moves), (81.0, 1));
    let (record, moves) = file("fox_km375_means_7.5.sgf");
    assert_eq!((record.komi, moves), (Some(7.5), 4));
    let (record, moves) = file("game_info_km_moku_refuses_game.sgf");
    assert_eq!((record.komi, moves, record.warnings.len()), (Some(5.5), 4, 1));
    let (record, moves) = file("game_info_km_points_refuses_game.sgf");
    assert_eq!((record.komi, moves, record.warnings.len()), (Some(6.5), 4, 1));
    let (record, moves) = file("gbk_trail_byte_5c_swallows_next_property.sgf");
    assert_eq!((record.players[0].name.as_str(), record.players[1].name.as_str(), moves), ("a乗", "x", 4));
    let (record, moves) = file("gbk_trail_byte_5d_refuses_file.sgf");
    assert_eq!((record.players[0].name.as_str(), record.players[1].name.as_str(), moves), ("a乚", "x", 4));
    let (record, moves) = file("nihon_kiin_shape_no_first_semicolon_shiftjis.sgf");
    let [black, white] = &record.players;
    assert_eq!((black.name.as_str(), black.rank.as_str()), ("試験 一ソ", "九段"));
    assert_eq!((white.name.as_str(), white.rank.as_str()), ("試験 二", "九段"));
    assert_eq!((record.komi, record.date.as_str(), moves), (Some(6.5), "2020-01-01", 4));
    assert_eq!(record.outcome.map(|outcome| outcome.to_string()), Some("B+R".to_owned()));
    let (record, moves) = file("utf16le_bom.sgf");
    assert_eq!((record.players[0].name.as_str(), moves), ("李", 4));
    let (_, moves) = file("loadsgf_game2_cut_short_loses_game1.sgf");
    assert_eq!(moves, 1);
}

#[test]
fn a_whole_tree_is_written_as_ff4() {
    let text = "(;FF[3]CA[GBK]GaMe[1]SiZe[9]KM[375]HA[2.0]AB[aa:cb]AB[aa]Comment[a\\]b\u{1b}[0m\tc\r\nd]PB[x];W[tt]B[ee]N[two];\
                W[dd](;B[cc]LB[cc:1])(;B[gg](;W[hh])(;W[tt])))";
    let (written, warnings) = parse(text).unwrap()[0].to_sgf().unwrap();
    assert_eq!(
        written,
        "(;FF[4]GM[1]CA[UTF-8]SZ[9]KM[7.5]HA[2]PB[x]AB[ab][bb][cb][aa][ba][ca]C[a\\]b[0m c\nd];W[];B[ee]N[two];W[dd]\n\
         (;B[cc]LB[cc:1])\n(;B[gg]\n(;W[hh])\n(;W[])))\n"
    );
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(sgf_parse::go::parse(&written).is_ok());
    // Written once more, the text is the same.
    assert_eq!(parse(&written).unwrap()[0].to_sgf().unwrap(), (written, vec![]));
}
