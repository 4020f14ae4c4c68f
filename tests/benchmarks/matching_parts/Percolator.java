// Lucene's way of holding queries against a document, as the Elasticsearch percolator does it: an index of the
// queries by their rarest wanted terms finds candidates, a MemoryIndex of the document verifies them.
// Prints "seconds articles hits" and, with a fourth argument, the matches as "article watch" lines to that file.
// usage: java -cp lucene-*.jar Percolator.java WATCHES ARTICLES [MATCHES]   (tab-separated, see matching.py)

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.memory.MemoryIndex;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.ConstantScoreQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.SimpleCollector;
import org.apache.lucene.search.TermInSetQuery;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.util.BytesRef;

public class Percolator {
    static Query query(String[] f) {
        BooleanQuery.Builder all = new BooleanQuery.Builder();
        switch (f[0]) {
            case "word": return new TermQuery(new Term("t", f[1]));
            case "phrase": return new PhraseQuery("t", Arrays.copyOfRange(f, 1, f.length));
            case "without":
                for (int i = 1; i < f.length - 1; i++) all.add(new TermQuery(new Term("t", f[i])), Occur.MUST);
                all.add(new TermQuery(new Term("t", f[f.length - 1])), Occur.MUST_NOT);
                return all.build();
            case "either":
                BooleanQuery.Builder any = new BooleanQuery.Builder();
                any.add(new TermQuery(new Term("t", f[1])), Occur.SHOULD);
                any.add(new TermQuery(new Term("t", f[2])), Occur.SHOULD);
                all.add(any.build(), Occur.MUST);
                all.add(new TermQuery(new Term("t", f[3])), Occur.MUST);
                return all.build();
            default:
                for (int i = 1; i < f.length; i++) all.add(new TermQuery(new Term("t", f[i])), Occur.MUST);
                return all.build();
        }
    }

    static List<String> keys(String[] f, Map<String, Integer> uses) {
        if (f[0].equals("either")) return uses.get(f[3]) < uses.get(f[1]) + uses.get(f[2])
            ? List.of(f[3]) : List.of(f[1], f[2]);
        int last = f[0].equals("without") ? f.length - 1 : f.length;
        String best = f[1];
        for (int i = 2; i < last; i++) if (uses.get(f[i]) < uses.get(best)) best = f[i];
        return List.of(best);
    }

    public static void main(String[] args) throws Exception {
        List<String[]> watches = new ArrayList<>();
        Map<String, Integer> uses = new HashMap<>();
        for (String line : Files.readAllLines(Paths.get(args[0]), StandardCharsets.UTF_8)) {
            String[] f = line.split("\t");
            watches.add(f);
            for (int i = 1; i < f.length; i++) uses.merge(f[i], 1, Integer::sum);
        }
        Query[] queries = new Query[watches.size()];
        ByteBuffersDirectory directory = new ByteBuffersDirectory();
        try (IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig(new WhitespaceAnalyzer()))) {
            for (int i = 0; i < queries.length; i++) {
                queries[i] = query(watches.get(i));
                Document document = new Document();
                for (String key : keys(watches.get(i), uses)) {
                    document.add(new StringField("key", key, Field.Store.NO));
                }
                document.add(new NumericDocValuesField("watch", i));
                writer.addDocument(document);
            }
            writer.forceMerge(1);
        }
        IndexSearcher searcher = new IndexSearcher(DirectoryReader.open(directory));
        searcher.setQueryCache(null);
        List<String> articles = Files.readAllLines(Paths.get(args[1]), StandardCharsets.UTF_8);
        for (int i = 0; i < Math.min(50, articles.size()); i++) match(articles.get(i), searcher, queries);  // warm the JIT
        PrintWriter out = args.length > 2 ? new PrintWriter(args[2], StandardCharsets.UTF_8) : null;
        long began = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime(), hits = 0;
        for (int i = 0; i < articles.size(); i++) {
            List<Integer> found = match(articles.get(i), searcher, queries);
            hits += found.size();
            if (out != null) for (int watch : found) out.println(i + " " + watch);
        }
        System.out.println((ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - began) / 1e9 + " " + articles.size() + " " + hits);
        if (out != null) out.close();
    }

    static List<Integer> match(String text, IndexSearcher searcher, Query[] queries) throws Exception {
        MemoryIndex article = new MemoryIndex();
        article.addField("t", text, new WhitespaceAnalyzer());
        IndexSearcher one = article.createSearcher();
        one.setQueryCache(null);
        List<BytesRef> terms = new ArrayList<>();
        for (String word : new LinkedHashSet<>(Arrays.asList(text.split(" ")))) terms.add(new BytesRef(word));
        List<Integer> found = new ArrayList<>();
        searcher.search(new ConstantScoreQuery(new TermInSetQuery("key", terms)), new SimpleCollector() {
            NumericDocValues ids;
            protected void doSetNextReader(LeafReaderContext context) throws java.io.IOException {
                ids = context.reader().getNumericDocValues("watch");
            }
            public void collect(int doc) throws java.io.IOException {
                ids.advanceExact(doc);
                int watch = (int) ids.longValue();
                if (one.count(queries[watch]) > 0) found.add(watch);
            }
            public ScoreMode scoreMode() { return ScoreMode.COMPLETE_NO_SCORES; }
        });
        return found;
    }
}
