import ReactMarkdown, { defaultUrlTransform } from "react-markdown";
import "./Markdown.css";

/** Headings begin below those of the page; pictures are links, as our policy loads none from elsewhere. */
export default function MarkdownText({ text }: { readonly text: string }) {
  return (
    <div className="markdown">
      <ReactMarkdown
        skipHtml
        urlTransform={(address) => (/^(https?:|mailto:)/i.test(address) ? defaultUrlTransform(address) : "")}
        components={{
          h1: ({ children }) => <h3>{children}</h3>,
          h2: ({ children }) => <h3>{children}</h3>,
          h3: ({ children }) => <h4>{children}</h4>,
          h4: ({ children }) => <h5>{children}</h5>,
          a: ({ href, children }) => (
            <a href={href} target="_blank" rel="noopener noreferrer nofollow">
              {children}
            </a>
          ),
          img: ({ src, alt }) => (
            <a
              href={typeof src === "string" ? src : undefined}
              target="_blank"
              rel="noopener noreferrer nofollow"
            >
              {alt || "…"}
            </a>
          ),
        }}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
}
