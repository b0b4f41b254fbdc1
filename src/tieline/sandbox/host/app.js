// All that a page of a partner has to do: say how to get a token, and listen.
const EVENTS = ['ready', 'connected', 'integration', 'error', 'resize', 'navigate', 'signed-out']
const list = document.getElementById('events')
const element = document.querySelector('tieline-templates, tieline-connect, tieline-studio')

const token = async () => {
  const answer = await fetch('/tieline-token', { method: 'POST' })
  if (!answer.ok) throw new Error(`Fairground said ${answer.status}`)
  return (await answer.json()).jwt
}

if (element) {
  element.token = token
  for (const name of EVENTS) {
    element.addEventListener(`tieline-${name}`, ({ detail }) => {
      const line = document.createElement('li')
      line.dataset.event = name
      line.textContent = `${name} ${JSON.stringify(detail)}`
      list.append(line)
    })
  }
}
