import Testing

@testable import AWSProtocol

@Suite struct XMLTests {
    private func parse(_ text: String, limits: XMLLimits = XMLLimits()) throws(XMLError) -> XMLElement {
        try XMLParser.parse(Array(text.utf8), limits: limits)
    }

    @Test("the body that completes an upload, as botocore writes it")
    func completion() throws {
        let root = try parse(
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><ETag>&quot;ab&quot;</ETag>"
                + "<PartNumber>1</PartNumber></Part><Part><ETag>cd</ETag><PartNumber>2</PartNumber></Part>"
                + "</CompleteMultipartUpload>")
        #expect(root.name == "CompleteMultipartUpload")
        #expect(root.children(named: "Part").map { $0.text(of: "ETag") } == ["\"ab\"", "cd"])
        #expect(root.child("Part")?.text(of: "PartNumber") == "1")
        #expect(root.child("Absent") == nil)
    }

    @Test("declaration, comments, CDATA, references, prefixes, line ends and a byte order mark")
    func grammar() throws {
        let root = try parse(
            "\u{FEFF}<?xml version='1.0'?>\r\n<!-- a -- b --><s:a x='>' s:y = \"'\" ><b/>&lt;&#x1F30B;&#38;&gt;&apos;"
                + "<![CDATA[<&]]>x\r\ny\rz<!-- c --></s:a>\n<!-- end -->")
        #expect(root == XMLElement(name: "a", text: "<🌋&>'<&x\ny\nz", children: [XMLElement(name: "b")]))
    }

    @Test(
        "what is no document, or no document of S3's, is refused",
        arguments: [
            "", "a", "<a>", "<a></b>", "<a/><b/>", "<a/>x", "<a b></a>", "<a b=c/>", "<a b='<'/>", "<a b='", "<1/>",
            "<a>&nbsp;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>", "<a>&#+5;</a>", "<a>&#;</a>",
            "<a>&lt</a>", "<a>\u{1}</a>", "<!DOCTYPE a><a/>", "<a><!ENTITY b 'c'></a>", "<a><?b?></a>", "<a><![CDATA[",
            "<a b='c'd='e'/>", "< a/>", "<a></a", "<?xml",
        ])
    func malformed(_ text: String) {
        #expect(throws: XMLError.self) { try parse(text) }
    }

    @Test("documents over a limit are refused")
    func limits() throws {
        #expect(throws: XMLError.tooLarge("more than 7 bytes")) {
            try parse("<a></a> ", limits: XMLLimits(byteCount: 7))
        }
        let deep = String(repeating: "<a>", count: 3) + String(repeating: "</a>", count: 3)
        #expect(try parse(deep, limits: XMLLimits(depth: 3)).children.count == 1)
        #expect(throws: XMLError.tooLarge("more than 2 elements within each other")) {
            try parse(deep, limits: XMLLimits(depth: 2))
        }
        #expect(throws: XMLError.tooLarge("more than 2 elements")) {
            try parse(deep, limits: XMLLimits(elementCount: 2))
        }
        #expect(throws: XMLError.malformed(offset: 0, expected: "UTF-8")) {
            try XMLParser.parse(Array("<a>".utf8) + [0xFF] + Array("</a>".utf8))
        }
    }

    @Test("what is written is read again")
    func writing() throws {
        let text = "a<b>&\"'\r\n\té🌋 "
        var writer = XMLWriter()
        writer.element("Result", namespace: XMLWriter.s3) { result in
            result.element("Key", text)
            result.element("Empty") { _ in }
        }
        #expect(
            try XMLParser.parse(writer.bytes)
                == XMLElement(
                    name: "Result", children: [XMLElement(name: "Key", text: text), XMLElement(name: "Empty")]))
        var bare = XMLWriter(declaration: false)
        bare.element("a", "1 < 2")
        #expect(String(decoding: bare.bytes, as: UTF8.self) == "<a>1 &lt; 2</a>")
    }

    @Test("characters that no document can carry are replaced")
    func unwritable() {
        var writer = XMLWriter(declaration: false)
        writer.element("a", "\0\u{1}\u{1F}\u{FFFE}\u{FFFF}\u{7F}\u{FFFD}")
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == "<a>" + String(repeating: "\u{FFFD}", count: 5) + "\u{7F}\u{FFFD}</a>")
    }

    @Test("mutated documents are taken or refused, whatever they are")
    func mutations() {
        var random = SeededGenerator(state: 9)
        let document = Array(
            "<?xml version='1.0'?><a x='1'><!-- c --><b>&amp;&#65;<![CDATA[x]]></b><s:c/>text</a>".utf8)
        var taken = 0
        for _ in 0..<8_000 where (try? XMLParser.parse(mutated(document, &random))) != nil { taken += 1 }
        #expect(taken > 0 && taken < 8_000)
    }
}
